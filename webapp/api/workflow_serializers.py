"""Serializers of workflows and consensus."""

from typing import Any, TypeVar

from django.db.models import Model
from rest_framework import serializers

from webapp.consensus.models import VOTE_COLUMNS, Consensus
from webapp.consensus.retirement import rules_in_words
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


class ConsensusSerializer(serializers.ModelSerializer[Consensus]):
    workflow = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    external_id = serializers.CharField(source="subject.external_id", read_only=True)

    class Meta:
        model = Consensus
        fields = [
            "id", "workflow", "subject", "external_id", *VOTE_COLUMNS.values(), "follow_ups",
            "posterior", "method", "version", "is_retired", "retired_reason", "retired_at", "updated_at",
        ]  # fmt: skip
