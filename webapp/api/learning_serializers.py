"""Serializers of training runs, checkpoints and scores."""

from typing import Any

from rest_framework import serializers

from webapp.api.request_body import RequestBody
from webapp.api.workflow_serializers import BySlug
from webapp.learning.models import Checkpoint, Evaluation, ModelRole, Preset, Score, TrainingEpoch, TrainingRun
from webapp.workflows.models import Workflow

JOB = ["id", "state", "done", "total", "fraction", "message", "error", "created_at", "started_at", "finished_at"]


class TrainingEpochSerializer(serializers.ModelSerializer[TrainingEpoch]):
    loss = serializers.FloatField(
        source="finite_loss", read_only=True, allow_null=True, help_text="null once the training has diverged"
    )

    class Meta:
        model = TrainingEpoch
        fields = ["attempt", "epoch", "epochs", "loss", "val_loss", "metrics", "created_at"]


class TrainingRunSerializer(serializers.ModelSerializer[TrainingRun]):
    survey = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    workflow = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    fraction = serializers.FloatField(read_only=True, help_text="how far it is, 0 to 1")

    class Meta:
        model = TrainingRun
        fields = [
            *JOB, "updated_at", "survey", "workflow", "role", "preset", "minutes", "seed", "is_control", "reason",
            "resumed_at", "training_set",
        ]  # fmt: skip


class TrainingRunDetailSerializer(TrainingRunSerializer):
    epochs = TrainingEpochSerializer(many=True, read_only=True)

    class Meta(TrainingRunSerializer.Meta):
        fields = [*TrainingRunSerializer.Meta.fields, "epochs"]


class StartTrainingSerializer(RequestBody):
    workflow = BySlug[Workflow](queryset=Workflow.objects.select_related("survey"))
    preset = serializers.ChoiceField(Preset.recipes(), default=Preset.HEAD)
    minutes = serializers.FloatField(min_value=0.0, allow_null=True, default=None, help_text="stop after this long")
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)
    is_control = serializers.BooleanField(default=False, help_text="keep the result a shadow, whatever the gate says")


class EvaluationSerializer(serializers.ModelSerializer[Evaluation]):
    class Meta:
        model = Evaluation
        fields = [
            "test_set", "metrics", "champion", "difference", "difference_low", "difference_high", "passed", "verdict",
            "created_at",
        ]  # fmt: skip


class CheckpointSerializer(serializers.ModelSerializer[Checkpoint]):
    manifest = serializers.SerializerMethodField(help_text="the model's description, with the notes of its training")
    survey = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    evaluations = EvaluationSerializer(many=True, read_only=True)

    class Meta:
        model = Checkpoint
        fields = [
            "id", "survey", "role", "run", "sha256", "manifest", "is_champion", "created_at", "updated_at",
            "evaluations",
        ]  # fmt: skip

    def get_manifest(self, checkpoint: Checkpoint) -> dict[str, Any]:
        return {**checkpoint.manifest, "notes": checkpoint.notes}


class PromoteSerializer(RequestBody):
    reason = serializers.CharField(max_length=200, allow_blank=True, default="")
    is_confirmed = serializers.BooleanField(default=False)
    replaces = serializers.IntegerField(
        allow_null=True, default=None, min_value=0, help_text="The model you expect to be champion; 0 for none yet."
    )


class RollbackSerializer(RequestBody):
    reason = serializers.CharField(max_length=200, allow_blank=True, default="")
    survey = serializers.SlugField()
    role = serializers.ChoiceField(ModelRole.choices)
    to = serializers.IntegerField(allow_null=True, default=None, help_text="The model you expect to return to.")


class ScoreSerializer(serializers.ModelSerializer[Score]):
    external_id = serializers.CharField(source="subject.external_id", read_only=True)

    class Meta:
        model = Score
        fields = ["checkpoint", "subject", "external_id", "probabilities", "p_real", "entropy"]
