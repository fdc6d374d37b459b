"""Serializers of reports to the Minor Planet Center."""

from typing import Any

from rest_framework import serializers

from webapp.api.request_body import RequestBody
from webapp.api.row_views import LARGEST_ID
from webapp.api.workflow_serializers import BySlug
from webapp.archive.models import Survey
from webapp.reports.drafts import MOST_AT_ONCE
from webapp.reports.models import Report, ReportedTracklet


class ReportedTrackletSerializer(serializers.ModelSerializer[ReportedTracklet]):
    external_id = serializers.CharField(source="subject.external_id", read_only=True)

    class Meta:
        model = ReportedTracklet
        fields = ["trk_sub", "subject", "external_id"]


class ReportSerializer(serializers.ModelSerializer[Report]):
    survey = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    created_by = serializers.CharField(source="created_by.username", read_only=True)
    tracklets = ReportedTrackletSerializer(many=True, read_only=True)

    class Meta:
        model = Report
        fields = ["id", "survey", "created_by", "created_at", "updated_at", "signed_name", "signed_at", "tracklets"]


class DraftSerializer(RequestBody):
    survey = BySlug[Survey](queryset=Survey.objects.all())
    subjects = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), min_length=1, max_length=MOST_AT_ONCE
    )


class ProblemSerializer(serializers.Serializer[Any]):
    line = serializers.IntegerField(allow_null=True, help_text="of the PSV, from 1; null for the report as a whole")
    message = serializers.CharField()
    blocks = serializers.BooleanField(help_text="keeps the report from being signed off")


class DryRunSerializer(serializers.Serializer[Any]):
    is_ready = serializers.BooleanField()
    psv = serializers.CharField()
    xml = serializers.CharField()
    obs80 = serializers.CharField(help_text="empty if the names or places do not fit into 80 columns")
    problems = ProblemSerializer(many=True)
