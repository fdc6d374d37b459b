from typing import ClassVar

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Survey
from webapp.core.jobs import Job
from webapp.learning.models.training_set import TrainingSet
from webapp.volunteers.models import Workflow


class ModelRole(models.TextChoices):
    STAMP = "stamp", _("Stamp")
    TRACKLET = "tracklet", _("Tracklet")
    TRAIL = "trail", _("Trail detector")
    CUBE = "cube", _("Cube detector")

    @property
    def kind(self) -> str:
        """Return the kind of subjects that models of this role answer for."""
        return "cutout" if self is ModelRole.TRAIL else self.value

    @property
    def is_detector(self) -> bool:
        """Return whether it looks for things in large pictures, by the one recipe that its role has."""
        return self in (ModelRole.TRAIL, ModelRole.CUBE)


class Preset(models.TextChoices):
    HEAD = "head", _("Frozen features, new head (seconds)")
    FINETUNE = "finetune", _("Fine-tune the whole network (minutes)")
    SMALL = "small", _("Small residual network (minutes)")
    DETECTOR = "detector", _("Detector of trails or of movers in cubes (minutes)")


class TrainingRun(Job):
    """One training of one model; `done` counts epochs."""

    task: ClassVar[str] = "tasks.training.run"

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="training_runs")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="training_runs")
    role = models.CharField(max_length=10, choices=ModelRole)
    preset = models.CharField(max_length=10, choices=Preset, default=Preset.HEAD)
    minutes = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0.01)], help_text="stop after this long"
    )
    seed = models.PositiveIntegerField(default=0)
    may_promote = models.BooleanField(default=True, help_text="put the result through the gate")
    cross_validate = models.BooleanField(
        default=False, help_text="also score each label by a model that has not seen it; six times as long"
    )
    training_set = models.ForeignKey(TrainingSet, null=True, on_delete=models.PROTECT, related_name="runs")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Training {self.pk} of {self.role} on {self.workflow}"


class TrainingEpoch(models.Model):
    """What one epoch came to: a point on the live curves."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="epochs")
    attempt = models.PositiveSmallIntegerField()
    epoch = models.PositiveIntegerField()
    epochs = models.PositiveIntegerField()
    loss = models.FloatField()
    val_loss = models.FloatField(null=True)
    metrics = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["attempt", "epoch"]
        constraints = [models.UniqueConstraint(fields=["run", "attempt", "epoch"], name="one_row_per_epoch")]

    def __str__(self) -> str:
        return f"{self.run} epoch {self.epoch}"
