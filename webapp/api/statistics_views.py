"""API view of statistics: of all, a survey, a group or oneself."""

from typing import Any
from zoneinfo import available_timezones

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.api.row_views import LARGEST_ID, refuse_unknown
from webapp.archive.models import Survey
from webapp.community.activity import TRUNCATE
from webapp.community.models import Group
from webapp.community.statistics import (
    Statistics,
    asked_step,
    asked_zone,
    public_statistics,
    statistics_of_group,
    statistics_of_self,
)
from webapp.volunteers.identity import reader_of


class AskedSerializer(serializers.Serializer[Any]):
    """Whose classifications, and by what; without survey, group and mine, those of the whole site."""

    survey = serializers.SlugField(required=False, help_text="slug of a survey")
    group = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST_ID, help_text="id of a group that you see"
    )
    mine = serializers.BooleanField(required=False, default=False, help_text="your own")
    by = serializers.ChoiceField(list(TRUNCATE), required=False, default="day")
    zone = serializers.CharField(required=False, default="UTC", help_text="such as Europe/Berlin; for mine and group")

    def validate_zone(self, name: str) -> str:
        """Refuse a name that no time zone has."""
        if name not in available_timezones():
            raise serializers.ValidationError(f"“{name}” is no time zone. Give a name such as Europe/Berlin.")
        return name


class CountSerializer(serializers.Serializer[Any]):
    beginning = serializers.DateTimeField(help_text="of the hour, day or week")
    classifications = serializers.IntegerField()


class StatisticsSerializer(serializers.Serializer[Any]):
    """Standing classifications: of all time, and by hour (48), day (30) or week (26), oldest first."""

    total = serializers.IntegerField()
    simulated = serializers.IntegerField(help_text="of these, by simulated volunteers, who reach no milestones")
    milestone = serializers.IntegerField(allow_null=True, help_text="the highest that is reached")
    next_milestone = serializers.IntegerField()
    counts = CountSerializer(many=True)


class StatisticsView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(parameters=[AskedSerializer], responses=StatisticsSerializer)
    def get(self, request: Request) -> Response:
        """Return counts of classifications. Nobody is compared with anybody."""
        refuse_unknown(request, AskedSerializer().fields)
        asked = AskedSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = _found(request, asked.validated_data)
        reached = found.milestones()
        counts = [{"beginning": at, "classifications": n} for at, n in found.rows]
        row = {"total": found.total, "simulated": found.simulated}
        row |= {"milestone": reached["reached"], "next_milestone": reached["next_milestone"]}
        return Response(StatisticsSerializer({**row, "counts": counts}).data)


def _found(request: Request, asked: dict[str, Any]) -> Statistics:
    step, zone = asked_step(request), asked_zone(request)
    if asked["mine"]:
        return statistics_of_self(reader_of(request), step, zone)
    if "group" in asked:
        group = get_object_or_404(Group.objects.visible_to(reader_of(request)), pk=asked["group"])
        return statistics_of_group(group, step, zone)
    survey = get_object_or_404(Survey, slug=asked["survey"]) if "survey" in asked else None
    return public_statistics(survey, step)
