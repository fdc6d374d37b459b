"""Quality scans for spammers and bots, and their flags."""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from webapp.core.jobs import Job
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow


class QualityScan(Job):
    """One scan of a workflow's answers for careless volunteers and bots; `done` counts volunteers."""

    task: ClassVar[str] = "tasks.quality.run"
    title = _("Quality scan of the volunteers")
    patience: ClassVar[timedelta] = timedelta(hours=2)  # compares all pairs of volunteers without a report

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="quality_scans")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    found = models.PositiveIntegerField(default=0, help_text="flags that were new")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["workflow"], condition=Q(state="queued"), name="one_scan_waits_at_a_time")
        ]

    def __str__(self) -> str:
        return f"Quality scan {self.pk} of {self.workflow}"


class FlagState(models.TextChoices):
    OPEN = "open", _("open")
    CONFIRMED = "confirmed", _("confirmed")
    DISMISSED = "dismissed", _("dismissed")
    EXPIRED = "expired", _("cleared: newer answers look normal")


class QualityFlag(models.Model):
    """Evidence that somebody answers without looking, and a scientist's decision; it deletes no answer."""

    volunteer = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="quality_flags")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="quality_flags")
    kind = models.CharField(max_length=10)
    numbers = models.JSONField(default=dict, help_text="what the sentence of the kind is filled with")
    p = models.FloatField(help_text="chance of as much of it from somebody who looks")
    original = models.ForeignKey(
        Volunteer, null=True, on_delete=models.SET_NULL, related_name="copies", help_text="whose answers a copy gives"
    )
    state = models.CharField(max_length=10, choices=FlagState, default=FlagState.OPEN)
    found_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(help_text="when a scan last found it")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["p", "pk"]
        constraints = [models.UniqueConstraint(fields=["volunteer", "workflow", "kind"], name="one_flag_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.volunteer} in {self.workflow}"
