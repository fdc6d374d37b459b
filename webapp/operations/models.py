"""Alerts: problems of the site that its administrators are told about, once each."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


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
