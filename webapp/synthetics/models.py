"""Injection jobs: simulated movers drawn into a survey's own pixels."""

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from webapp.core.jobs import Job
from webapp.workflows.models import Workflow

MOST = 1000


class Shape(models.TextChoices):
    BY_MOTION = "by-motion", _("as fast as each moves")
    POINT = "point", _("points")
    TRAIL = "trail", _("trails")


class Injection(Job):
    """An injection of training movers into a survey's real pixels; `done` counts subjects.

    All randomness comes from the seed, so a job continued by another worker makes the same movers.
    """

    task: ClassVar[str] = "tasks.injection.run"
    title = _("Synthetic movers")

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="injections")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    number = models.PositiveIntegerField(default=50, validators=[MinValueValidator(1), MaxValueValidator(MOST)])
    snr_min = models.FloatField(default=5.0, validators=[MinValueValidator(1.0), MaxValueValidator(1000.0)])
    snr_max = models.FloatField(default=20.0, validators=[MinValueValidator(1.0), MaxValueValidator(1000.0)])
    fwhm = models.FloatField(
        default=2.4, validators=[MinValueValidator(0.8), MaxValueValidator(20.0)], help_text="of a star, in pixels"
    )
    shape = models.CharField(max_length=10, choices=Shape, default=Shape.BY_MOTION)
    label = models.CharField(max_length=20, help_text="the class that the movers are gold of")
    seed = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Injection {self.pk} into {self.workflow}"
