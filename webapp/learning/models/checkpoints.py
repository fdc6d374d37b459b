"""Checkpoints, their promotions, evaluations on test sets, and alarms of drift."""

from typing import Any

from django.conf import settings
from django.db import models, transaction

from ml.io.message import from_json
from webapp.archive.models import Survey
from webapp.core.stored_messages import MessageField
from webapp.core.touched import Touched
from webapp.learning.messages import CHAMPION_AGAIN
from webapp.learning.models.training_run import ModelRole, Preset, TestSet, TrainingRun

HALF = 0.5
OWN_NETWORK = "own_network"
"""Of an imported model's manifest: its features are not those of the site's frozen network."""


class CheckpointManager(models.Manager["Checkpoint"]):
    @transaction.atomic
    def of_run(self, run: TrainingRun, *, folder: str, sha256: str, manifest: dict[str, Any]) -> "Checkpoint":
        """Create a run's model.

        Raises LeaseLost or Cancelled if the run is no longer this worker's; nothing is stored.
        """
        run.renew()
        made = {"folder": folder, "sha256": sha256, "manifest": manifest}
        return self.create(survey=run.survey, role=run.role, run=run, **made)


class Checkpoint(Touched):
    """A trained model: safetensors and a manifest in the data folder. One champion per survey and role.

    A version of an external scorer has no files; its run names the scorer.
    """

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="checkpoints")
    role = models.CharField(max_length=10, choices=ModelRole)
    run = models.OneToOneField(TrainingRun, on_delete=models.PROTECT, related_name="checkpoint")
    folder = models.CharField(max_length=200, help_text="below the data folder")
    sha256 = models.CharField(max_length=64)
    manifest = models.JSONField()
    is_champion = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CheckpointManager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["survey", "role"], condition=models.Q(is_champion=True), name="one_champion_per_role"
            )
        ]

    def __str__(self) -> str:
        return f"{self.role} model {self.pk}"

    @property
    def kind(self) -> str:
        """Return the kind of subjects it scores."""
        return ModelRole(self.role).kind

    @property
    def scored_classes(self) -> tuple[str, ...]:
        """Return the classes whose probabilities are in its scores; none where those are only of bogus and real.

        The classes in the manifest of a tracklet model are those of its single detections.
        """
        return tuple(self.manifest.get("classes", ())) if self.role == ModelRole.STAMP else ()

    @property
    def is_external(self) -> bool:
        return self.manifest.get("preset") == Preset.EXTERNAL

    @property
    def is_from_elsewhere(self) -> bool:
        """Return whether it was trained elsewhere, so that nobody here knows on what."""
        return self.run.is_from_elsewhere

    @property
    def is_frozen_head(self) -> bool:
        """Return whether it is a head on the site's frozen network, whose features every new head needs.

        An imported head may bring a network of its own.
        """
        return self.manifest.get("preset") == Preset.HEAD and not self.manifest.get(OWN_NETWORK, False)

    @property
    def notes(self) -> list[str]:
        """Return what its training had to say, such as that a time limit ended it early."""
        return [from_json(note) for note in self.manifest.get("notes", [])]

    def lineage(self) -> list["Checkpoint"]:
        """Return this checkpoint and those whose networks it continues from, the newest first."""
        found, rows = [self], Checkpoint.objects.filter(survey=self.survey_id, role=self.role)
        while (base := rows.filter(sha256=found[-1].manifest.get("init", ""), pk__lt=found[-1].pk).first()) is not None:
            found.append(base)
        return found

    @property
    def threshold(self) -> float:
        """Return the probability from which it answers yes: a tracklet model's own, from validation; else 0.5.

        A detector's threshold in the manifest applies to its map of voxels, not to a subject's probability.
        """
        return float(self.manifest.get("threshold", HALF)) if self.role == ModelRole.TRACKLET else HALF


class Promotion(models.Model):
    """The promotion log: who promoted which checkpoint, when, why, and which one it replaced."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="promotions")
    previous = models.ForeignKey(Checkpoint, null=True, on_delete=models.SET_NULL, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = MessageField()
    is_rollback = models.BooleanField(default=False)
    restores = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="the promotion that it puts in force again",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.checkpoint}: {self.reason}"

    @property
    def in_force(self) -> "Promotion":
        """Return the promotion by which its checkpoint leads: of a rollback, the one that it restores."""
        return self.restores or self


class Evaluation(models.Model):
    """A checkpoint's metrics on a frozen test set, compared with the champion at that moment."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="evaluations")
    test_set = models.ForeignKey(TestSet, on_delete=models.PROTECT, related_name="evaluations")
    metrics = models.JSONField()
    champion = models.ForeignKey(Checkpoint, null=True, on_delete=models.SET_NULL, related_name="+")
    difference = models.FloatField(null=True, help_text="ROC AUC, less the champion's")
    difference_low = models.FloatField(null=True, help_text="2.5 % of the bootstrap")
    difference_high = models.FloatField(null=True, help_text="97.5 % of the bootstrap")
    passed = models.BooleanField(default=False)
    verdict = MessageField(help_text="why it passed the gate, or did not")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["checkpoint", "test_set"], name="one_evaluation_per_test_set")]

    def __str__(self) -> str:
        return f"{self.checkpoint}: {self.verdict}"

    @property
    def is_of_champion_again(self) -> bool:
        """Return whether the champion's own endpoint was evaluated again, and answered as before."""
        return self.verdict == CHAMPION_AGAIN()


class DriftAlarm(models.Model):
    """The newest night's scores had shifted when the champion had scored it; at most one training run follows."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="drift_alarms")
    night = models.IntegerField(help_text="MJD")
    index = models.FloatField(help_text="population stability index against the reference")
    subjects = models.PositiveIntegerField()
    is_answered = models.BooleanField(default=False, help_text="a training run was started for it")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["checkpoint", "night"], name="one_drift_alarm_per_night")]

    def __str__(self) -> str:
        return f"{self.checkpoint}: MJD {self.night}"
