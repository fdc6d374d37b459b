"""Serializers of rulings, second opinions and cases."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from webapp.api.request_body import RequestBody
from webapp.api.row_views import LARGEST_ID
from webapp.api.workflow_serializers import BySlug
from webapp.review.bulk import MOST_AT_ONCE
from webapp.review.models import LONGEST_NOTE, Case, CaseAction, Ruling, SecondOpinion, Verdict
from webapp.workflows.models import Workflow


class OpinionSerializer(serializers.ModelSerializer[SecondOpinion]):
    scientist = serializers.CharField(source="scientist.username", read_only=True)

    class Meta:
        model = SecondOpinion
        fields = ["scientist", "verdict", "label", "note", "created_at"]


HIDDEN: dict[str, Any] = {"verdict": None, "label": None, "note": None, "second_opinions": []}


class RulingSerializer(serializers.ModelSerializer[Ruling]):
    """A ruling annotated by `with_hidden`: what it says is null to a reader who is to judge without it."""

    workflow = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    external_id = serializers.CharField(source="subject.external_id", read_only=True)
    scientist = serializers.CharField(source="scientist.username", read_only=True)
    withdrawn_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    second_asked_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    second_opinions = serializers.SerializerMethodField()
    verdict = serializers.ChoiceField(
        Verdict.choices, read_only=True, allow_null=True, help_text="null, as label and note, before the second opinion"
    )
    label = serializers.CharField(read_only=True, allow_null=True)  # type: ignore[assignment]  # a field of that name
    note = serializers.CharField(read_only=True, allow_null=True)

    class Meta:
        model = Ruling
        fields = [
            "id", "workflow", "subject", "external_id", "scientist", "verdict", "label", "note", "consensus_posterior",
            "p_real", "model", "created_at", "updated_at", "withdrawn_at", "withdrawn_by", "second_asked_at",
            "second_asked_by", "second_opinions",
        ]  # fmt: skip

    @extend_schema_field(OpinionSerializer(many=True))
    def get_second_opinions(self, ruling: Ruling) -> list[dict[str, Any]]:
        standing = [each for each in ruling.opinions.all() if each.withdrawn_at is None]
        return list(OpinionSerializer(standing, many=True).data)

    def to_representation(self, ruling: Any) -> dict[str, Any]:
        facts = super().to_representation(ruling)
        return facts | HIDDEN if ruling.is_hidden else facts


class OneRulingSerializer(RequestBody):
    subject = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    verdict = serializers.ChoiceField(Verdict.choices)
    label = serializers.CharField(  # type: ignore[assignment]  # a field of that name, not the attribute
        max_length=20, allow_blank=True, default="", help_text="a fine class, if known"
    )
    note = serializers.CharField(max_length=LONGEST_NOTE, allow_blank=True, default="")


class RuleSerializer(OneRulingSerializer):
    workflow = BySlug[Workflow](queryset=Workflow.objects.select_related("survey"))
    overrules = serializers.BooleanField(
        default=False, help_text="replace a colleague's ruling; else yours becomes a second opinion on it"
    )


class BulkRuleSerializer(RequestBody):
    workflow = BySlug[Workflow](queryset=Workflow.objects.select_related("survey"))
    rulings = serializers.ListField(child=OneRulingSerializer(), min_length=1, max_length=MOST_AT_ONCE)
    overrules = serializers.BooleanField(
        default=False, help_text="replace colleagues' rulings; else yours become second opinions on them"
    )


class SecondOpinionSerializer(RequestBody):
    wanted = serializers.BooleanField(default=True, help_text="false: no longer")


class BulkRuledSerializer(serializers.Serializer[Any]):
    rulings = serializers.IntegerField(help_text="verdicts now in force")
    second_opinions = serializers.IntegerField(help_text="given beside a colleague's ruling")


class BulkSubjectsSerializer(RequestBody):
    workflow = BySlug[Workflow](queryset=Workflow.objects.select_related("survey"))
    subjects = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), min_length=1, max_length=MOST_AT_ONCE
    )


class BulkChangedSerializer(serializers.Serializer[Any]):
    changed = serializers.IntegerField(help_text="subjects that are not as they were before")


class CaseSerializer(serializers.ModelSerializer[Case]):
    external_id = serializers.CharField(source="subject.external_id", read_only=True)
    assignee = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)

    class Meta:
        model = Case
        fields = ["id", "subject", "external_id", "is_on_hold", "assignee", "tags", "updated_at"]


class ChangeCaseSerializer(RequestBody):
    subject = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    action = serializers.ChoiceField(CaseAction.choices)
    text = serializers.CharField(
        max_length=LONGEST_NOTE,
        allow_blank=True,
        default="",
        help_text="the tag, the note, or the assignee's user name",
    )


class BulkCaseSerializer(BulkSubjectsSerializer):
    action = serializers.ChoiceField(CaseAction.choices)
    text = serializers.CharField(max_length=LONGEST_NOTE, allow_blank=True, default="", help_text="as for one case")
