"""All jobs of the site: how many of each kind wait, run and failed; the failed ones with their reason."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db.models import Avg, Count, Exists, F, Max, Min, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils.functional import Promise

from webapp.archive.models import Survey
from webapp.core.jobs import Job, JobState
from webapp.operations.models import DismissedFailure

LATELY = Q(finished_at__gt=Now() - timedelta(days=30))
TIMED_FOR = timedelta(days=1)
SHOWN = 50
OWNERS = ("survey", "workflow", "checkpoint", "subject", "run")
"""Fields of jobs that lead to their survey."""


@dataclass(frozen=True)
class JobsOfKind:
    """Jobs of one kind: waiting, running, and failed within 30 days and not dismissed; since when the oldest waits."""

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


def failed_jobs(*, is_dismissed: bool = False) -> list[FailedJob]:
    """Return the newest failed jobs of all kinds: those that nobody has dismissed, or those that somebody has."""
    failed = {
        key: failures(model, is_dismissed=is_dismissed).order_by("-finished_at") for key, model in job_models().items()
    }
    rows = [FailedJob(key, row) for key, jobs in failed.items() for row in jobs[:SHOWN]]
    return sorted(rows, key=lambda each: each.job.finished_at, reverse=True)[:SHOWN]


def failures(model: type[Job], *, is_dismissed: bool = False) -> QuerySet[Any]:
    """Return the jobs of a kind that failed within 30 days, dismissed or not."""
    dismissed = _is_dismissed(model)
    return model._default_manager.filter(LATELY, dismissed if is_dismissed else ~dismissed, state=JobState.FAILED)


def _is_dismissed(model: type[Job]) -> Exists:
    of_job = {"kind": model._meta.label_lower, "job": OuterRef("pk"), "failed_at": OuterRef("finished_at")}
    return Exists(DismissedFailure.objects.filter(**of_job))


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
    failed = Q(LATELY, ~_is_dismissed(model), state=JobState.FAILED)
    figures = model._default_manager.filter(waiting | Q(state=JobState.RUNNING) | failed).aggregate(
        waiting=Count("pk", filter=waiting),
        running=Count("pk", filter=Q(state=JobState.RUNNING)),
        failed=Count("pk", filter=Q(state=JobState.FAILED)),
        oldest=Min("created_at", filter=waiting),
    )
    return JobsOfKind(key, model.title, queue_of(model), **figures)
