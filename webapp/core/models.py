"""What all processes of the site know of each other: heartbeats, workers, backups, and counts for rate limits."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

FORGOTTEN_AFTER = timedelta(days=1)


class Process(models.TextChoices):
    BEAT = "beat"
    WORKER = "worker"
    ALERTS = "alerts"


class SeenQuerySet(models.QuerySet[Any]):
    def recent(self, late: timedelta = settings.HEARTBEAT_LATE) -> Self:
        """Return the heartbeats of healthy processes, by the database's clock, which may have been set back since."""
        return self.filter(seen_at__gt=Now() - late, seen_at__lt=Now() + late)


class HeartbeatQuerySet(SeenQuerySet):
    def write(self, process: Process) -> None:
        """Record that `process` is alive."""
        row = self.model(process=process, seen_at=Now())
        self.bulk_create([row], update_conflicts=True, unique_fields=["process"], update_fields=["seen_at"])


class Heartbeat(models.Model):
    """One row for beat, one for all workers, by whichever runs the sweep, and one for their search for problems."""

    process = models.CharField(max_length=10, primary_key=True, choices=Process)
    seen_at = models.DateTimeField()

    objects = HeartbeatQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.process}, seen {self.seen_at}"


class WorkerQuerySet(SeenQuerySet):
    def write(self, name: str, queues: Iterable[str]) -> None:
        """Record that the worker `name` serves `queues`; forget workers that were last seen long ago."""
        row = self.model(name=name, queues=sorted(queues), seen_at=Now())
        self.bulk_create([row], update_conflicts=True, unique_fields=["name"], update_fields=["queues", "seen_at"])
        self.filter(seen_at__lt=Now() - FORGOTTEN_AFTER).delete()

    def silent(self) -> Self:
        """Return workers that have finished nothing for a while, and were not asked to stop."""
        return self.filter(seen_at__lt=Now() - settings.HEARTBEAT_LATE)

    def of(self, node: str) -> Self:
        """Return the worker of Celery's name `node`, and those that ran by that name before it."""
        return self.filter(name__startswith=f"{node} ")


class Worker(models.Model):
    """A worker, and the queues that it serves; its children write this row again and again while they work."""

    name = models.CharField(max_length=300, primary_key=True, help_text="its host, and the number of its process")
    queues = ArrayField(models.CharField(max_length=100))
    seen_at = models.DateTimeField()

    objects = WorkerQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name}, seen {self.seen_at}"

    @property
    def node(self) -> str:
        """Celery's name of it, such as `training@host`."""
        return self.name.rpartition(" ")[0]


class RateCount(models.Model):
    """How much of a rate was taken in a window of time and in the one before it; see `webapp.core.rate_limits`."""

    key = models.CharField(max_length=64, primary_key=True, help_text="SHA-256 of whose rate it is, and of what")
    number = models.BigIntegerField(help_text="of the window, since 1970")
    taken = models.PositiveIntegerField()
    taken_before = models.PositiveIntegerField()
    ends_at = models.DateTimeField(db_index=True, help_text="when it may be deleted")

    def __str__(self) -> str:
        return f"{self.taken} in window {self.number}"


class BackupQuerySet(models.QuerySet["Backup"]):
    def newest(self) -> "Backup | None":
        return self.order_by("finished_at").last()


class Backup(models.Model):
    """A finished backup: where it is, its name there, and how much it holds."""

    LATE = timedelta(days=7)

    address = models.TextField()
    name = models.CharField(max_length=40)
    finished_at = models.DateTimeField(auto_now_add=True)
    files = models.PositiveBigIntegerField()
    size = models.PositiveBigIntegerField(help_text="bytes, before duplicates are left out")

    objects = BackupQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} in {self.address}"

    @property
    def is_late(self) -> bool:
        """Return whether the next backup should have been made by now."""
        return self.finished_at < timezone.now() - self.LATE
