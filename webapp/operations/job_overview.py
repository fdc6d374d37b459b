"""All jobs of the site: how many of each kind wait, run and failed; the failed ones with their reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db.models import Avg, Count, F, Max, Min, Q
from django.db.models.functions import Now
from django.utils.functional import Promise

from webapp.archive.models import Survey
from webapp.core.jobs import Job, JobState

FAILED_FOR = timedelta(days=30)
TIMED_FOR = timedelta(days=1)
SHOWN = 50
OWNERS = ("survey", "workflow", "checkpoint", "subject", "run")
"""Fields of jobs that lead to their survey."""


@dataclass(frozen=True)
class JobsOfKind:
    """Jobs of one kind: waiting, running, and failed within the last 30 days; since when the oldest waits."""

    key: str
    title: Promise
    queue: str
    waiting: int
    running: int
    failed: int
    oldest: datetime | None


@dataclass(frozen=True)
class FailedJob:
    """A failed job, and the key of its kind."""

    key: str
    job: Any

    @property
    def survey(self) -> Survey | None:
        """The survey that the job worked for; None for a load of orbits, which all surveys share."""
        names = {field.name for field in self.job._meta.fields}
        owner = next((getattr(self.job, name) for name in OWNERS if name in names), None)
        return getattr(owner, "survey", owner)


def job_models() -> dict[str, type[Job]]:
    """Return the kinds of job by their key, as in `archive.ingestrun`."""
    return {model._meta.label_lower: model for model in apps.get_models() if issubclass(model, Job)}


def queue_of(model: type[Job]) -> str:
    return model.task.split(".")[1]


def job_kinds() -> list[JobsOfKind]:
    return [_counted(key, model) for key, model in job_models().items()]


def failed_jobs() -> list[FailedJob]:
    """Return the newest failed jobs of all kinds."""
    rows = [FailedJob(key, row) for key, model in job_models().items() for row in _failed(model)]
    return sorted(rows, key=lambda each: each.job.finished_at, reverse=True)[:SHOWN]


def job_seconds() -> dict[str, tuple[float, float]]:
    """Return the mean and the longest time from start to end of the jobs done within a day, s, by kind."""
    found = {}
    for key, model in job_models().items():
        done = model._default_manager.filter(state=JobState.DONE, finished_at__gt=Now() - TIMED_FOR)
        took = F("finished_at") - F("started_at")
        times = done.exclude(started_at=None).aggregate(mean=Avg(took), longest=Max(took))
        if times["mean"] is not None:
            found[key] = (times["mean"].total_seconds(), times["longest"].total_seconds())
    return found


def _counted(key: str, model: type[Job]) -> JobsOfKind:
    waiting = Q(state=JobState.QUEUED)
    recent = Q(state=JobState.FAILED, finished_at__gt=Now() - FAILED_FOR)
    figures = model._default_manager.filter(waiting | Q(state=JobState.RUNNING) | recent).aggregate(
        waiting=Count("pk", filter=waiting),
        running=Count("pk", filter=Q(state=JobState.RUNNING)),
        failed=Count("pk", filter=recent),
        oldest=Min("created_at", filter=waiting),
    )
    return JobsOfKind(key, model.title, queue_of(model), **figures)


def _failed(model: type[Job]) -> Iterator[Job]:
    rows = model._default_manager.filter(state=JobState.FAILED, finished_at__gt=Now() - FAILED_FOR)
    yield from rows.order_by("-finished_at")[:SHOWN]
