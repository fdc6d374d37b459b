"""Heartbeat of beat and workers: when each process was last seen."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Process(models.TextChoices):
    BEAT = "beat"
    WORKER = "worker"


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    def recent(self) -> Self:
        """Return those that no healthy process would be late for, by the clock of the database."""
        return self.filter(seen_at__gt=Now() - settings.HEARTBEAT_LATE)

    def write(self, process: Process) -> None:
        """Note that `process` is at work now."""
        row = self.model(process=process, seen_at=Now())
        self.bulk_create([row], update_conflicts=True, unique_fields=["process"], update_fields=["seen_at"])


class Heartbeat(models.Model):
    """One row for beat, which it writes itself, and one for the workers, written by whichever takes the sweep."""

    process = models.CharField(max_length=10, primary_key=True, choices=Process)
    seen_at = models.DateTimeField()

    objects = HeartbeatQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.process}, seen {self.seen_at}"
