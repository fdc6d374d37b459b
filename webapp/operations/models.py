"""Alerts, problems of the site that its administrators are told about once each; restarts; and dismissed failures."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from webapp.core.stored_messages import MessageField


class Alert(models.Model):
    """A problem from when it was first seen until it was over, and administrators were told so."""

    key = models.CharField(max_length=200, help_text="what it is about, such as part:worker")
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    told_by = ArrayField(
        models.CharField(max_length=10), default=list, help_text="ways by which administrators heard of it: log, mail …"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=Q(ended_at=None), name="one_open_alert_per_problem")
        ]

    def __str__(self) -> str:
        return self.text


class Restart(models.Model):
    """A part of the site that died or hung, and was started again; see `webapp.operations.restarts`."""

    id = models.UUIDField(primary_key=True)
    part = models.CharField(max_length=200, help_text="web, worker, beat, database, or a listener")
    host = models.CharField(max_length=255)
    reason = MessageField()
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.part} on {self.host}, {self.at}"


class DismissedFailure(models.Model):
    """A failure of a job that an administrator has seen to. If the job fails again, that is another failure."""

    kind = models.CharField(max_length=100, help_text="of job, such as archive.ingestrun")
    job = models.PositiveBigIntegerField(help_text="its key")
    failed_at = models.DateTimeField(help_text="the job's `finished_at`")
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    dismissed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "job", "failed_at"], name="one_dismissal_per_failure")]

    def __str__(self) -> str:
        return f"{self.kind} {self.job}, failed {self.failed_at}"
