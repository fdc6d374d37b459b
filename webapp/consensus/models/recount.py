from typing import ClassVar

from django.conf import settings
from django.db import models

from webapp.core.jobs import Job
from webapp.volunteers.models import Workflow


class Recount(Job):
    """One adding up of a workflow's votes under its rules of now; `done` counts subjects."""

    task: ClassVar[str] = "tasks.consensus.run"

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="recounts")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Recount {self.pk} of {self.workflow}"
