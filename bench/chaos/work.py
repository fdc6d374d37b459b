"""What is under way when something breaks: an ingest, a training, a scoring, an export and a stream."""

import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPException
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from confluent_kafka import Producer
from django.db import InterfaceError, OperationalError, connection

from bench.chaos.site import TOPIC
from webapp.archive.ingest.create_run import inbox, start_ingest
from webapp.archive.models import Subject, SubjectSet, Survey
from webapp.core.jobs import Job, JobState
from webapp.learning.models import Checkpoint
from webapp.learning.scoring import start_scoring
from webapp.learning.triggers import AlreadyTraining, start_training
from webapp.operations.job_overview import job_models
from webapp.streams.models import Position
from webapp.workflows.models import Workflow

T = TypeVar("T")
GOLD, NIGHT, SHARD = 200, 1_000, 25
SIDE, CHANNELS = 15, 3  # as the packets of the stream have
PARTITIONS, PACKETS = 4, 600


def patiently(ask: Callable[[], T], seconds: float = 120.0) -> T:
    """Ask the database until it answers."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def write_night(folder: Path, first: int, count: int, *, is_gold: bool) -> None:
    """Write stamps, every other one with a source, and their manifest."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(first)
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    rows = ["external_id,kind,image,label,gold"]
    for place in range(first, first + count):
        stamp = random.normal(0, 1, (CHANNELS, SIDE, SIDE)) + (place % 2) * 25 * np.exp(-(x**2 + y**2) / 6)
        np.save(folder / f"{place}.npy", stamp.astype(np.float32))
        rows.append(f"s{place},stamp,{place}.npy,{('no', 'yes')[place % 2] if is_gold else ''},{int(is_gold) or ''}")
    (folder / "manifest.csv").write_text("\n".join(rows))


class Work:
    """The survey's work: `begin` starts one job of each kind, and sends packets of the stream."""

    def __init__(
        self, survey: Survey, workflow: Workflow, port: int, token: str, producer: Producer, alerts: Iterator[bytes]
    ) -> None:
        self.survey, self.workflow, self.producer, self.alerts = survey, workflow, producer, alerts
        self.subjects = self.sent = 0
        address = f"http://127.0.0.1:{port}/api/workflows/{workflow.slug}/exports/classifications.csv"
        self.export = Export(urllib.request.Request(address, headers={"Authorization": f"Token {token}"}))

    def ingest(self, count: int = NIGHT, *, is_gold: bool = False) -> None:
        folder = inbox(self.survey) / f"night-{self.subjects}"
        write_night(folder, self.subjects, count, is_gold=is_gold)
        start_ingest(survey=self.survey, path=folder, by=None, subject_set="all")
        self.subjects += count

    def begin(self) -> None:
        """Start everything; the scoring in shards small enough to last a while."""
        self.ingest()
        with suppress(AlreadyTraining):  # the site's own
            start_training(workflow=self.workflow, by=None)
        champion = Checkpoint.objects.get(is_champion=True)
        array = Subject.objects.filter(external_id="s0", survey=self.survey).values_list("zarr_array", flat=True).get()
        ranges = [(array, start, start + SHARD) for start in range(0, self.subjects - NIGHT, SHARD)]
        start_scoring(champion, ranges[-40:])
        self.send(PACKETS)

    def send(self, count: int) -> None:
        """Send packets to the stream's brokers."""
        for message in islice(self.alerts, count):
            self.producer.produce(TOPIC, message, partition=self.sent % PARTITIONS)
            self.sent += 1
        self.producer.flush(30)

    def running(self) -> list[str]:
        """Return what is in progress at this moment."""
        busy = [
            str(model.title)
            for model in job_models().values()
            if model._default_manager.filter(state=JobState.RUNNING).exists()
        ]
        return [*busy, *(["Export"] if self.export.is_busy else []), *(["Stream"] if self.unread() else [])]

    def stored(self) -> int:
        return sum(Position.objects.values_list("next_offset", flat=True))

    def unread(self) -> int:
        return self.sent - self.stored()

    def open_jobs(self) -> set[Job]:
        return {job for model in job_models().values() for job in model._default_manager.open()}

    def left(self) -> list[str]:
        """Return the open jobs with their states, the number of unread packets, and when an export was last done."""
        jobs = [f"{job} {job.state}, attempt {job.attempts}" for job in self.open_jobs()]
        since = time.monotonic() - self.export.done_at
        return [*jobs, f"{self.unread()} packets", f"an export {since:.0f} s ago"]

    def failed(self) -> list[str]:
        """Return the errors of failed jobs; a job without one did not say why it ended."""
        rows = (model._default_manager.filter(state=JobState.FAILED) for model in job_models().values())
        return [str(row.error) or "no reason" for kind in rows for row in kind]


class Export(threading.Thread):
    """Somebody who downloads all classifications again and again."""

    def __init__(self, request: urllib.request.Request) -> None:
        super().__init__(daemon=True)
        self.request = request
        self.is_busy = False
        self.done_at = 0.0  # the begin of the newest download that was completed

    def run(self) -> None:
        while True:
            began, self.is_busy = time.monotonic(), True
            try:
                with urllib.request.urlopen(self.request, timeout=10) as reply:  # our own address
                    reply.read()
                self.done_at = began
            except (OSError, HTTPException, ValueError):
                time.sleep(0.5)
            self.is_busy = False
            time.sleep(0.05)


def make_survey(slug: str) -> tuple[Survey, Workflow]:
    survey = Survey.objects.create(slug=slug, name="Chaos")
    workflow = Workflow.objects.create(survey=survey, slug=slug, name="Chaos", kind="stamp", question="?")
    everything = SubjectSet.objects.create(survey=survey, name="all")
    streamed = SubjectSet.objects.create(survey=survey, name=TOPIC)
    workflow.subject_sets.add(everything, streamed)
    return survey, workflow
