"""Jobs that fit the rates of a survey's stored subjects with the position errors of its settings."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from webapp.archive.models.survey import Survey
from webapp.core.jobs import Job


class MotionFit(Job):
    """One fit of all stored motions of a survey; `done` counts subjects.

    `seeing` and `floor` are the survey's `usual_errors` that it fits with. Subjects that come later are fitted as they
    are stored, so the newest fit says what the stored rates were fitted with.
    """

    task: ClassVar[str] = "tasks.motions.run"
    title = _("Fit of motions")

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="motion_fits")
    seeing = models.FloatField(help_text="arcsec")
    floor = models.FloatField(help_text="arcsec")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["survey", "seeing", "floor"],
                condition=Q(state="queued"),
                name="one_motion_fit_waits_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"Motion fit {self.pk} of {self.survey}"

    @property
    def errors(self) -> dict[str, float]:
        return {"seeing": self.seeing, "floor": self.floor}
