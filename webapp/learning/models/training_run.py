"""Training sets, test sets, external scorers, and training runs with their epochs."""

import math
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MinLengthValidator, MinValueValidator
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ml.io.message import Message
from webapp.archive.models import Survey
from webapp.core.jobs import AnotherOpen, Job, JobState
from webapp.core.stored_messages import MessageField
from webapp.core.touched import Touched
from webapp.learning.messages import CANCELLED, UNUSABLE_FILES
from webapp.workflows.models import Workflow

SHORTEST_SECRET = 16


class ExternalScorer(models.Model):
    """An endpoint that scores a workflow's subjects (docs/external-scorers.md). The secret signs what is sent to it."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="external_scorers")
    name = models.CharField(max_length=60)
    address = models.CharField(max_length=400)
    secret = models.CharField(max_length=200, validators=[MinLengthValidator(SHORTEST_SECRET)])
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["workflow", "name"]
        constraints = [models.UniqueConstraint(fields=["workflow", "name"], name="one_external_scorer_per_name")]

    def __str__(self) -> str:
        return self.name


class TrainingSet(models.Model):
    """An immutable snapshot of labels: a Parquet file in the data folder, named by its hash."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="training_sets")
    hash = models.CharField(max_length=64, help_text="blake2b of the labels; also the file's name")
    size = models.PositiveIntegerField()
    new_labels = models.PositiveIntegerField(default=0, help_text="more than the set before")
    min_votes = models.PositiveSmallIntegerField(default=0, help_text="of its volunteers' labels, the workflow's then")
    sources = models.JSONField(default=dict, help_text="labels by source: ruling, gold, consensus")
    created_at = models.DateTimeField(default=timezone.now, help_text="when its labels were read")

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["workflow", "hash"], name="one_row_per_training_set")]

    def __str__(self) -> str:
        return f"{self.size} labels, {self.hash[:10]}"


class TestSet(models.Model):
    """Frozen gold subjects that no model ever trains on; a newer set replaces it only when an admin asks."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="test_sets")
    kind = models.CharField(max_length=10)
    hash = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    nights = models.JSONField(
        default=list, help_text="observing nights kept out of training, by the MJD of their beginning"
    )
    groups = models.JSONField(
        default=list, help_text="object groups kept out of training so that no answer has too few"
    )
    is_current = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["survey", "kind"], condition=models.Q(is_current=True), name="one_current_test_set"
            )
        ]

    def __str__(self) -> str:
        return f"{self.size} gold subjects, {self.hash[:10]}"


class ModelRole(models.TextChoices):
    STAMP = "stamp", _("Stamp")
    TRACKLET = "tracklet", _("Tracklet")
    TRAIL = "trail", _("Trail detector")
    CUBE = "cube", _("Cube detector")

    @property
    def kind(self) -> str:
        """Return the kind of subjects that models of this role score."""
        return "cutout" if self is ModelRole.TRAIL else self.value

    @property
    def is_detector(self) -> bool:
        """Return whether it is a detector, which has a single recipe."""
        return self in (ModelRole.TRAIL, ModelRole.CUBE)


class Preset(models.TextChoices):
    HEAD = "head", _("Frozen features, new head (seconds)")
    FINETUNE = "finetune", _("Fine-tune the whole network (minutes)")
    FIXMATCH = "fixmatch", _("FixMatch: learn from labels and unlabelled stamps (minutes)")
    SMALL = "small", _("Small residual network (minutes)")
    DETECTOR = "detector", _("Detector of trails or of movers in cubes (minutes)")
    EXTERNAL = "external", _("External scorer")
    IMPORTED = "imported", _("Imported model")

    @classmethod
    def recipes(cls) -> list[tuple[Any, Any]]:
        """Return the choices that train a model here."""
        return [choice for choice in cls.choices if choice[0] not in TRAINED_ELSEWHERE]


TRAINED_ELSEWHERE = (Preset.EXTERNAL, Preset.IMPORTED)
"""What such a model has learnt from is not known here."""


class TrainingRun(Touched, Job):
    """One training of one model; `done` counts epochs."""

    task: ClassVar[str] = "tasks.training.run"
    title = _("Training")
    patience: ClassVar[timedelta] = timedelta(hours=4)  # an epoch, or a cross-validation, without a GPU

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="training_runs")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="training_runs")
    role = models.CharField(max_length=10, choices=ModelRole)
    preset = models.CharField(max_length=10, choices=Preset, default=Preset.HEAD)
    minutes = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0.01)], help_text="stop after this long"
    )
    seed = models.PositiveIntegerField(default=0)
    is_control = models.BooleanField(default=False, help_text="its model stays a shadow, whatever the gate says")
    cross_validate = models.BooleanField(
        default=False, help_text="also score each label by a model that has not seen it; six times as long"
    )
    scorer = models.ForeignKey(
        ExternalScorer, null=True, on_delete=models.PROTECT, related_name="runs", help_text="evaluated, not trained"
    )
    reason = MessageField(blank=True, default="", help_text="why the schedule started it")
    resumed_at = models.PositiveIntegerField(null=True, help_text="epoch at which the newest attempt went on")
    training_set = models.ForeignKey(TrainingSet, null=True, on_delete=models.PROTECT, related_name="runs")
    pool = models.CharField(
        max_length=64, blank=True, default="", help_text="hash of FixMatch's unlabelled subjects; also the file's name"
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Training {self.pk} of {self.role} on {self.workflow}"

    @property
    def is_from_elsewhere(self) -> bool:
        """Return whether its model was trained elsewhere, so that it has no epochs and only evaluates."""
        return self.preset in TRAINED_ELSEWHERE

    @property
    def started_by(self) -> str:
        """Return who started it, in words: a model without an importer came by command."""
        if self.requested_by is not None:
            return str(self.requested_by)
        return str(_("the command line") if self.preset == Preset.IMPORTED else _("the schedule"))

    @property
    def outcome(self) -> str:
        """Return how it ended, or what it is doing; the last message of a cancelled run would say what it was doing."""
        if self.state == JobState.CANCELLED:
            return CANCELLED()
        return self.error or self.message

    @property
    def is_hopeless(self) -> bool:
        """Return whether it failed since the files of its imported model can't be used."""
        return isinstance(self.error, Message) and self.error.template in UNUSABLE_FILES

    def get_absolute_url(self) -> str:
        return reverse("training-run", args=[self.survey.slug, self.pk])

    @transaction.atomic
    def retry(self) -> bool:
        """Queue a failed run again; raises AnotherOpen if another of its workflow is open."""
        Workflow.objects.select_for_update(no_key=True).get(pk=self.workflow_id)
        if type(self).objects.open().filter(workflow=self.workflow_id).exclude(pk=self.pk).exists():
            raise AnotherOpen
        return super().retry()

    def curve(self) -> models.QuerySet["TrainingEpoch"]:
        """Return the epochs of the newest attempt that has any: one may only judge what an earlier one has trained."""
        newest = self.epochs.aggregate(attempt=models.Max("attempt"))["attempt"]
        return self.epochs.filter(attempt=newest)


class TrainingEpoch(models.Model):
    """The metrics of one epoch: a point on the live curves."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="epochs")
    attempt = models.PositiveIntegerField()
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

    @property
    def finite_loss(self) -> float | None:
        """Return the loss; None once the training has diverged, since JSON has neither NaN nor infinity."""
        return self.loss if math.isfinite(self.loss) else None
