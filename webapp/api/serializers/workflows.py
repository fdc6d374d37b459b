from typing import Any

from rest_framework import serializers

from webapp.consensus.models import Consensus
from webapp.consensus.retire import in_words
from webapp.volunteers.models import Workflow


class WorkflowSerializer(serializers.ModelSerializer[Workflow]):
    survey = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)

    rules = serializers.SerializerMethodField(help_text="when a subject is settled, in words")

    class Meta:
        model = Workflow
        fields = [
            "slug", "survey", "name", "kind", "question", "help_text", "follow_ups", "line_marking",
            "is_active", "grace", "method", "prior", "min_votes", "max_votes", "majority", "yes_above", "no_below",
            "training_schedule", "is_training", "level", "skill_wanted", "rules",
        ]  # fmt: skip

    def get_rules(self, workflow: Workflow) -> list[str]:
        return in_words(workflow)


class ConsensusSerializer(serializers.ModelSerializer[Consensus]):
    workflow = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    external_id = serializers.CharField(source="subject.external_id", read_only=True)

    class Meta:
        model = Consensus
        fields = [
            "id", "workflow", "subject", "external_id", "votes_yes", "votes_no", "votes_unsure", "follow_ups",
            "posterior", "method", "version", "is_retired", "retired_reason", "retired_at", "updated_at",
        ]  # fmt: skip
