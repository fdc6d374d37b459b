"""Serializers of workflows and consensus."""

from typing import Any, TypeVar

from django.db.models import Model
from rest_framework import serializers

from ml.crowd.answer import Answer
from webapp.api.request_body import RequestBody
from webapp.archive.models import SubjectSet, Survey
from webapp.consensus.models import VOTE_COLUMNS, Consensus
from webapp.consensus.retirement import rules_in_words
from webapp.workflow_settings.forms import WorkflowForm
from webapp.workflows.models import Workflow

Row = TypeVar("Row", bound=Model)


class BySlug(serializers.SlugRelatedField[Row]):
    """A row identified by its slug; an invalid slug is handled as missing, since the database would reject it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(slug_field="slug", **options)

    def to_internal_value(self, data: Any) -> Row:
        """Return the row, or fail as for a missing one."""
        if not isinstance(data, str) or "\0" in data:
            self.fail("does_not_exist", slug_name="slug", value="…")
        return super().to_internal_value(data)


class NamesField(serializers.ListField):
    """A list of names, of which the model checks more."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=serializers.CharField(max_length=120), max_length=100, **options)


class WorkflowSerializer(serializers.ModelSerializer[Workflow]):
    survey = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)

    rules = serializers.SerializerMethodField(help_text="when a subject is settled, in words")

    class Meta:
        model = Workflow
        fields = [
            "slug", "survey", "name", "kind", "question", "help_text", "follow_ups", "follow_up_first", "line_marking",
            "is_active", "undo_seconds", "method", "prior", "min_votes", "max_votes", "majority",
            "accept_threshold", "reject_threshold",
            "training_schedule", "is_training", "level", "required_skill", "rules",
        ]  # fmt: skip

    def get_rules(self, workflow: Workflow) -> list[str]:
        return rules_in_words(workflow)


class CreateWorkflowSerializer(RequestBody, serializers.ModelSerializer[Workflow]):
    """A new workflow: all of its settings, with the site's defaults for what is left out."""

    survey: BySlug[Survey] = BySlug(queryset=Survey.objects.all(), help_text="slug of a survey whose admin you are")
    subject_sets = NamesField(default=list, help_text="names; needed if it is active")
    follow_ups = serializers.DictField(child=NamesField(), default=dict, help_text="classes to choose from, by answer")

    class Meta:
        model = Workflow
        fields = ["survey", "slug", "kind", "subject_sets", "follow_ups", *dict.fromkeys(WorkflowForm.Meta.fields)]

    def validate_follow_ups(self, sent: dict[str, list[str]]) -> dict[str, list[str]]:
        """Refuse what is no answer."""
        if strange := set(sent) - set(Answer):
            raise serializers.ValidationError(f"“{min(strange)}” is not an answer. Answers are {', '.join(Answer)}.")
        return sent

    def validate(self, sent: dict[str, Any]) -> dict[str, Any]:
        """Replace the sets' names by the survey's sets."""
        names = set(sent["subject_sets"])
        sent["subject_sets"] = list(SubjectSet.objects.filter(survey=sent["survey"], name__in=names))
        missing = names - {each.name for each in sent["subject_sets"]}
        if missing:
            raise serializers.ValidationError({"subject_sets": f"{sent['survey']} has no set “{min(missing)}”."})
        return sent


class ConsensusSerializer(serializers.ModelSerializer[Consensus]):
    workflow = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    external_id = serializers.CharField(
        source="name", read_only=True, help_text="a number where the name tells the class and you have not answered"
    )

    class Meta:
        model = Consensus
        fields = [
            "id", "workflow", "subject", "external_id", *VOTE_COLUMNS.values(), "follow_ups",
            "posterior", "method", "version", "is_retired", "retired_reason", "retired_at", "updated_at",
        ]  # fmt: skip
