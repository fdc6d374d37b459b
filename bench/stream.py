"""Listen to a stream: packets stored per second, and whether each is stored once though the listener is killed.

`rate`: packets like ZTF's (`bench.packets`), all with other pixels, from memory through `listen`: decoded, then stored
as pixels, rows and queue entries. `kills`: `manage.py listen` on librdkafka's mock cluster, killed with SIGKILL again
and again, while every tenth packet is sent twice. Its packets are small, since a mock partition drops what exceeds 5 MB
of it, and are sent as they are read. `--memory 1000000` runs something else instead: so many of these small packets
through `listen`, with the memory of its process after every 50,000; they need about 5 GB of disk.
"""

import argparse
import io
import json
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
from astropy.io import fits
from confluent_kafka import Producer
from django.utils import timezone

from bench import _site  # noqa: F401 - first: it sets the environment

# isort: split
from bench import packets
from bench.packets import NAMES
from ml.io.alerts.filters import Filter
from webapp.archive.models import Subject, SubjectSet, Survey
from webapp.core.environment import ROOT
from webapp.queue.models import QueueEntry
from webapp.streams.listen import listen
from webapp.streams.models import Position, Stream
from webapp.streams.read_messages import Reader, Received
from webapp.workflows.models import Workflow

FLOOR = 1_000  # packets a second
RATE_PACKETS = 5_000
STAMPS = 24  # of each kind: 13,824 different triples
TWICE_EVERY = 10
PATIENCE = 560.0
PARTITIONS = 4  # of a mock topic, filled in turn
OUTSTANDING = 800  # packets that are sent and not stored yet
CANDID, LEVEL = 2**60, 123.25  # what `messages` replaces in its pattern
EVERY = 50_000  # messages between two looks at the memory
GROWTH = 1.05  # of the second half's memory over the first's, at most


def survey_with_queue(slug: str, subject_set: str) -> Survey:
    survey = Survey.objects.create(slug=slug, name=slug)
    workflow = Workflow.objects.create(survey=survey, slug=slug, name=slug, kind="stamp", question="?")
    workflow.subject_sets.add(SubjectSet.objects.create(survey=survey, name=subject_set))
    return survey


class Topic:
    """A topic of one partition, in this process."""

    def __init__(self, values: Iterable[bytes]) -> None:
        self.values, self.taken, self.is_over = iter(values), 0, False

    def take(self, most: int) -> list[Received]:
        taken = [Received(0, at, value) for at, value in enumerate(islice(self.values, most), self.taken)]
        self.taken, self.is_over = self.taken + len(taken), not taken
        return taken

    def commit(self, stored: list[Received]) -> None: ...

    def lag(self) -> None: ...

    def trouble(self) -> str:
        return ""


def like_ztf(count: int) -> list[bytes]:
    """Return messages with about 48 kB each, like ZTF's."""
    rng = np.random.default_rng(1)
    stamps = [packets._stamp(rng) for _ in range(STAMPS)]
    schema = fastavro.parse_schema(packets.schema())
    messages = []
    for number, packet in enumerate(packets.packets(count)):
        for place, name in enumerate(NAMES):
            packet[f"cutout{name}"] = {"stampData": stamps[number // STAMPS**place % STAMPS]}
        out = io.BytesIO()
        fastavro.writer(out, schema, [packet])
        messages.append(out.getvalue())
    return messages


def rate(count: int) -> dict[str, Any]:
    stream = Stream.objects.create(survey=survey_with_queue("rate", "live"), topic="t", group="g", subject_set="live")
    values = like_ztf(count)
    began, processor = time.monotonic(), time.process_time()
    _listen(stream, values)
    took, processor = time.monotonic() - began, time.process_time() - processor
    stream.refresh_from_db()
    queued = QueueEntry.objects.filter(workflow__slug="rate").count()
    assert stream.stored == queued == count, (stream.stored, queued)
    per_second = round(count / took)
    return {
        "packets": count,
        "packets_per_second": per_second,
        "processor_seconds_per_1000": round(processor / count * 1000, 2),
        "peak_mb": packets.peak(),
        "met": per_second >= FLOOR,
    }


def _listen(stream: Stream, values: Iterable[bytes]) -> None:
    topic = Topic(values)
    listen(stream, topic, Reader("t", b"", Filter(""), []), lambda: topic.is_over)


def memory(count: int) -> dict[str, Any]:
    """Let `count` alerts through; the listener's memory is flat if the second half needs as much as the first."""
    stream = Stream.objects.create(survey=survey_with_queue("long", "live"), topic="t", group="g", subject_set="live")
    began, megabytes = time.monotonic(), dict[int, int]()

    def watched() -> Iterator[bytes]:
        for number, message in enumerate(messages(count)):
            if number and number % EVERY == 0:
                megabytes[number] = _resident()
                seconds = time.monotonic() - began
                print(f"{number:,} messages: {megabytes[number]} MB after {seconds:.0f} s", file=sys.stderr, flush=True)
            yield message

    _listen(stream, watched())
    stream.refresh_from_db()
    assert stream.stored == count, stream.stored
    looks = list(megabytes.values())
    half = len(looks) // 2
    return {
        "packets": count,
        "messages": stream.messages_read,
        "seconds": round(time.monotonic() - began),
        "mb_by_messages": megabytes,
        "met": half > 0 and max(looks[half:]) <= GROWTH * max(looks[:half]),
    }


def _resident() -> int:
    """Return this process's memory now, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024


def messages(count: int) -> Iterator[bytes]:
    """Yield small packets of different pixels, every tenth one twice."""
    out, pixels = io.BytesIO(), io.BytesIO()
    fits.PrimaryHDU(np.full((15, 15), LEVEL, ">f4")).writeto(pixels)
    packet = next(packets.packets(1)) | {"candid": CANDID, "prv_candidates": []}
    packet |= {f"cutout{name}": {"stampData": b""} for name in NAMES}
    packet |= {"cutoutScience": {"stampData": pixels.getvalue()}}
    fastavro.writer(out, packets.schema(), [packet])
    pattern = out.getvalue()
    candid, level = _long(CANDID), struct.pack(">f", LEVEL)
    for number in range(count):
        message = pattern.replace(candid, _long(CANDID + number)).replace(level, struct.pack(">f", number + 1))
        yield message
        if number % TWICE_EVERY == 0:
            yield message


def _long(value: int) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, "long", value)
    return out.getvalue()


class Listener:
    """`manage.py listen`, killed some seconds after it began to listen, and started again."""

    def __init__(self, brokers: str) -> None:
        self.command = [sys.executable, "manage.py", "listen", "alerts", "--survey=kills", f"--brokers={brokers}"]
        self.kills = 0
        self.start()

    def start(self) -> None:
        self.started_at, self.heard_at = timezone.now(), None
        self.process = subprocess.Popen(self.command, cwd=ROOT, stdout=sys.stderr)

    def kill_after(self, seconds: float) -> None:
        if self.process.poll() is not None:
            sys.exit("The listener ended by itself.")
        if self.heard_at is None:
            stream = Stream.objects.filter(survey__slug="kills", heard_at__gt=self.started_at).first()
            self.heard_at = stream and time.monotonic()
        elif time.monotonic() - self.heard_at > seconds:
            self.end()
            self.kills += 1
            self.start()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def kills(count: int, every: float) -> dict[str, Any]:
    survey_with_queue("kills", "alerts")
    producer = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    broker = next(iter(producer.list_topics(timeout=10).brokers.values()))
    listener = Listener(f"{broker.host}:{broker.port}")
    began = time.monotonic()
    try:
        sent = _send(producer, messages(count), lambda: listener.kill_after(every))
        while _stored() < sent:
            _check(began)
            listener.kill_after(every)
            time.sleep(0.1)
    finally:
        listener.end()
    took = time.monotonic() - began
    stream = Stream.objects.get(survey__slug="kills")
    names = Subject.objects.filter(survey=stream.survey).values("external_id", "zarr_index").distinct().count()
    found = {
        "messages": stream.messages_read,
        "stored": stream.stored,
        "known": stream.known,
        "refused": stream.refused,
        "subjects": Subject.objects.filter(survey=stream.survey).count(),
        "queued": QueueEntry.objects.filter(workflow__slug="kills").count(),
    }
    once = {"messages": sent, "stored": count, "known": sent - count, "refused": 0, "subjects": count, "queued": count}
    return found | {"kills": listener.kills, "seconds": round(took), "met": found == once and names == count}


def _send(producer: Producer, values: Iterator[bytes], meanwhile: Callable[[], None]) -> int:
    """Send all values, not more than `OUTSTANDING` ahead of what is stored; return how many."""
    sent, stored, began = 0, 0, time.monotonic()
    for value in values:
        while sent - stored >= OUTSTANDING:
            _check(began)
            meanwhile()
            time.sleep(0.05)
            stored = _stored()
        producer.produce("alerts", value, partition=sent % PARTITIONS)
        producer.poll(0)
        sent += 1
    assert producer.flush(30) == 0
    return sent


def _stored() -> int:
    return sum(Position.objects.filter(stream__survey__slug="kills").values_list("next_offset", flat=True))


def _check(began: float) -> None:
    if time.monotonic() - began > PATIENCE:
        sys.exit(f"{_stored()} messages are stored after {PATIENCE:.0f} s.")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.stream", description=__doc__)
    parser.add_argument("--packets", type=int, default=10_000, help="packets of the listener that is killed")
    parser.add_argument("--kill-every", type=float, default=10.0, help="seconds")
    parser.add_argument("--memory", type=int, metavar="PACKETS", help="only this: the memory over so many packets")
    given = parser.parse_args()
    if given.memory:
        print(json.dumps({"memory": memory(given.memory)}))
        return
    print(json.dumps({"rate": rate(RATE_PACKETS), "kills": kills(given.packets, given.kill_every)}))


if __name__ == "__main__":
    main()
