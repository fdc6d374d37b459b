"""Heartbeats of beat and workers, and the backups of the site: when each was last seen."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Process(models.TextChoices):
    BEAT = "beat"
    WORKER = "worker"


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    def recent(self) -> Self:
        """Return the heartbeats of healthy processes, by the database's clock, which may have been set back since."""
        late = settings.HEARTBEAT_LATE
        return self.filter(seen_at__gt=Now() - late, seen_at__lt=Now() + late)

    def write(self, process: Process) -> None:
        """Record that `process` is alive."""
        row = self.model(process=process, seen_at=Now())
        self.bulk_create([row], update_conflicts=True, unique_fields=["process"], update_fields=["seen_at"])


class Heartbeat(models.Model):
    """One row for beat, and one for all workers, written by the one that runs the sweep."""

    process = models.CharField(max_length=10, primary_key=True, choices=Process)
    seen_at = models.DateTimeField()

    objects = HeartbeatQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.process}, seen {self.seen_at}"


class Backup(models.Model):
    """A finished backup: where it is, its name there, and how much it holds."""

    address = models.TextField()
    name = models.CharField(max_length=40)
    finished_at = models.DateTimeField(auto_now_add=True)
    files = models.PositiveBigIntegerField()
    size = models.PositiveBigIntegerField(help_text="bytes, before duplicates are left out")

    def __str__(self) -> str:
        return f"{self.name} in {self.address}"
