"""Minutes matter: seconds from an alert at the broker to a scored subject in the volunteers' queue.

50 alerts a second for three minutes, through librdkafka's mock cluster, `manage.py listen` and a real worker with a
promoted model. The end is when both the champion's score and the priority made of it are committed, as seen by
looking every half second. The alerts' pixels are simulated.
"""

import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import fastavro
import numpy as np
from astropy.io import fits
from confluent_kafka import Producer

from bench import _site  # noqa: F401 - first: it sets the environment

# isort: split
from bench import packets, stream
from bench._worker import wait_for, worker_of_its_own
from bench.scoring import add
from webapp.archive.models import Survey
from webapp.classifications.models import Reason
from webapp.core.environment import ROOT
from webapp.learning.models import Checkpoint, Score
from webapp.learning.triggers import start_training
from webapp.queue.models import QueueEntry
from webapp.streams.models import Stream

TAUGHT, SIDE = 400, 63
PER_SECOND, SECONDS = 50, 180
FLOOR = 60.0  # seconds, of the 95th percentile
PATIENCE = 300.0


def stamps(n: int, seed: int) -> np.ndarray:
    """Return noise (n, 1, 3, SIDE, SIDE), with a source in every other stamp."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    block = rng.standard_normal((n, 1, 3, SIDE, SIDE), dtype=np.float32)
    block[::2] += (20 * np.exp(-(x**2 + y**2) / 8)).astype(np.float32)
    return block


def messages(n: int) -> Iterator[bytes]:
    schema = fastavro.parse_schema(packets.schema())
    for packet, planes in zip(packets.packets(n), stamps(n, seed=1), strict=True):
        for name, plane in zip(packets.NAMES, planes[0], strict=True):
            image, out = io.BytesIO(), io.BytesIO()
            fits.PrimaryHDU(plane.astype(">f4")).writeto(image)
            packet[f"cutout{name}"] = {"stampData": image.getvalue()}
        fastavro.writer(out, schema, [packet])
        yield out.getvalue()


def champion(survey: Survey) -> Checkpoint:
    add(survey, stamps(TAUGHT, seed=0), gold=True)
    run = start_training(workflow=survey.workflows.get(), by=None)
    wait_for(lambda: Score.objects.filter(checkpoint__is_champion=True).count() == TAUGHT, run)
    return Checkpoint.objects.get(run=run, is_champion=True)


def ready(model: Checkpoint) -> set[str]:
    """Return the alerts that the model has scored and placed in the queue."""
    placed = QueueEntry.objects.filter(workflow__survey=model.survey_id, subject__scores__checkpoint=model)
    return set(placed.exclude(reason=Reason.NEW).values_list("subject__external_id", flat=True))


def seconds(producer: Producer, model: Checkpoint) -> list[float]:
    """Send alerts at an even rate; return each one's seconds until it is ready."""
    coming = list(messages(PER_SECOND * SECONDS))
    sent: dict[str, float] = {}
    took: dict[str, float] = {}
    began = time.monotonic()
    while len(took) < len(coming) and time.monotonic() - began < SECONDS + PATIENCE:
        due = min(len(coming), int((time.monotonic() - began) * PER_SECOND))
        for number in range(len(sent), due):
            producer.produce("live", coming[number])
            sent[str(number)] = time.monotonic()
        producer.poll(0)
        now = time.monotonic()
        took |= {name: now - sent[name] for name in ready(model) - set(took)}
        time.sleep(0.5)
    return [*took.values(), *[PATIENCE] * (len(coming) - len(took))]


def main() -> None:
    survey = stream.survey_with_queue("latency", "live")
    producer = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    broker = next(iter(producer.list_topics(timeout=10).brokers.values()))
    command = [sys.executable, "manage.py", "listen", "live", "--survey=latency"]
    command.append(f"--brokers={broker.host}:{broker.port}")
    with worker_of_its_own():
        model = champion(survey)
        listener = subprocess.Popen(command, cwd=ROOT, stdout=sys.stderr)
        try:
            while not Stream.objects.filter(heard_at__isnull=False).exists():
                time.sleep(0.1)
            found = np.array(seconds(producer, model))
        finally:
            listener.terminate()
            listener.wait()
    p95 = float(np.percentile(found, 95))
    result: dict[str, Any] = {
        "alerts": len(found),
        "per_second": PER_SECOND,
        "median": round(float(np.median(found)), 1),
    }
    print(json.dumps(result | {"p95": round(p95, 1), "max": round(float(found.max()), 1), "met": p95 <= FLOOR}))


if __name__ == "__main__":
    main()
