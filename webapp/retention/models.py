"""Retention runs: jobs that drop pixels, or only say what would be dropped."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Survey
from webapp.core.jobs import Job, JobState


class RetentionRun(Job):
    """One pass over a survey's pixels; `done` counts the subjects whose pixels were dropped.

    A chunk that is being cleared is named until it is: its rows say already that their pixels are dropped. So a killed
    run, or the next one, clears the rest.
    """

    task: ClassVar[str] = "tasks.retention.run"
    title = _("Retention")

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="retention_runs")
    dry_run = models.BooleanField(default=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    bytes_freed = models.PositiveBigIntegerField(default=0, help_text="estimated, in a dry run")
    clearing_array = models.CharField(max_length=80, blank=True, default="")
    clearing_index = models.PositiveBigIntegerField(default=0, help_text="first subject of the chunk")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["survey"],
                condition=models.Q(state__in=[JobState.QUEUED, JobState.RUNNING]),
                name="one_retention_run_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"Retention {self.pk} of {self.survey}"
