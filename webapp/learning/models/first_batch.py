"""The job that chooses a workflow's first batch."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from webapp.core.jobs import Job, JobState
from webapp.workflows.models import Workflow


class FirstBatch(Job):
    """The choice of typical subjects that lead a workflow's queue until there is a champion; `done` counts features."""

    task: ClassVar[str] = "tasks.scoring.first_batch"
    title = _("First batch of typical subjects")

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="first_batches")
    pool = models.PositiveBigIntegerField(help_text="entries of the queue when it was started")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["workflow"],
                condition=models.Q(state__in=[JobState.QUEUED, JobState.RUNNING]),
                name="one_open_first_batch",
            )
        ]

    def __str__(self) -> str:
        return f"First batch {self.pk} of {self.workflow}"
