from typing import Any

from rest_framework import serializers

from webapp.api.filters import LARGEST_ID
from webapp.api.serializers.by_slug import BySlug
from webapp.review.models import Ruling, Verdict
from webapp.volunteers.models import Workflow


class RulingSerializer(serializers.ModelSerializer[Ruling]):
    workflow = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    external_id = serializers.CharField(source="subject.external_id", read_only=True)
    scientist = serializers.CharField(source="scientist.username", read_only=True)

    class Meta:
        model = Ruling
        fields = [
            "id", "workflow", "subject", "external_id", "scientist", "verdict", "label", "note", "consensus_posterior",
            "p_real", "created_at", "withdrawn_at",
        ]  # fmt: skip


class RuleSerializer(serializers.Serializer[Any]):
    workflow = BySlug[Workflow](queryset=Workflow.objects.select_related("survey"))
    subject = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    verdict = serializers.ChoiceField(Verdict.choices)
    label = serializers.CharField(  # type: ignore[assignment]  # a field of that name, not the attribute
        max_length=20, allow_blank=True, default="", help_text="a fine class, if known"
    )
    note = serializers.CharField(max_length=10_000, allow_blank=True, default="")
