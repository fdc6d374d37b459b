"""Alerts: problems of the site that its administrators are told about, once each."""

from django.db import models
from django.db.models import Q


class Alert(models.Model):
    """A problem from when it was first seen until it was over; `told_at` is when administrators were told."""

    key = models.CharField(max_length=200, help_text="what it is about, such as part:worker")
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    told_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=Q(ended_at=None), name="one_open_alert_per_problem")
        ]

    def __str__(self) -> str:
        return self.text
