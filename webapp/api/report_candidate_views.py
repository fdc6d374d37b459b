"""API view of report candidates: the tracklets that a new report to the Minor Planet Center may hold."""

from typing import Any

from django.db.models import Count, Q, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from webapp.api.permissions import surveys_with
from webapp.api.row_views import SURVEY, Parameter, SurveyRows, moment, number, truth
from webapp.archive.models import Subject
from webapp.archive.sky_region import read_cone
from webapp.known_objects.unidentified import HAS_OLD_ELEMENTS
from webapp.reports.drafts import candidates_of
from webapp.review.doubts import Doubt, doubts_about


class CandidateListSerializer(serializers.ListSerializer[Any]):
    """Looks up the doubts about a page at once."""

    def to_representation(self, data: Any) -> list[Any]:
        rows = list(data)
        doubts = doubts_about([row.pk for row in rows])
        for row in rows:
            row.doubts = doubts.get(row.pk, [])
        return super().to_representation(rows)


class ReportCandidateSerializer(serializers.ModelSerializer[Subject]):
    subject = serializers.IntegerField(source="pk", read_only=True, help_text="what POST /api/reports/ takes")
    survey = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    positions = serializers.IntegerField(read_only=True, help_text="frames; a report needs two of a night")
    orbit_days = serializers.FloatField(
        source="identity_check.orbit_days",
        read_only=True,
        help_text="from the date of the known objects' elements to the detections; negative before it",
    )
    has_old_elements = serializers.BooleanField(
        source="identity_check.is_old", read_only=True, help_text="too far from it: a known object may be missed"
    )
    doubts = serializers.SerializerMethodField(help_text="what keeps a report with it from being signed off")

    class Meta:
        model = Subject
        list_serializer_class = CandidateListSerializer
        fields = [
            "subject", "survey", "external_id", "mjd", "ra", "dec", "rate", "fitted_rate", "mag", "positions",
            "orbit_days", "has_old_elements", "doubts",
        ]  # fmt: skip

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(Doubt.choices)))
    def get_doubts(self, row: Any) -> list[str]:
        return [doubt.value for doubt in row.doubts]


def old_elements(text: str) -> Q:
    return HAS_OLD_ELEMENTS if truth(text) else ~HAS_OLD_ELEMENTS


class ReportCandidateViewSet(SurveyRows):
    """Tracklets with a scientist's yes, no known object near them, and in no report yet; for scientists."""

    queryset = Subject.objects.select_related("survey", "identity_check")
    serializer_class = ReportCandidateSerializer
    parameters = {
        "survey": SURVEY,
        "cone": Parameter("", read_cone, "RA,Dec,radius in degrees"),
        "min_mjd": Parameter("mjd__gte", number, "earliest time (MJD, UTC)"),
        "max_mjd": Parameter("mjd__lte", number, "latest time (MJD, UTC)"),
        "min_fitted_rate": Parameter("fitted_rate__gte", number, "slowest motion fitted (arcsec/h)"),
        "max_fitted_rate": Parameter("fitted_rate__lte", number, "fastest motion fitted (arcsec/h)"),
        "min_mean_mag": Parameter("mag__gte", number, "lowest mean magnitude of the frames"),
        "max_mean_mag": Parameter("mag__lte", number, "highest mean magnitude of the frames"),
        "min_positions": Parameter("positions__gte", number, "fewest frames"),
        "old_elements": Parameter("", old_elements, "true or false"),
        "confirmed_since": Parameter("gold_changed_at__gte", moment, "confirmed at this time (ISO 8601) or later"),
    }
    orderings = {"mjd": "mjd", "fitted_rate": "fitted_rate", "mag": "mag"}

    def get_queryset(self) -> QuerySet[Any]:
        """Return the candidates with their numbers of frames."""
        of_surveys = candidates_of(surveys_with(self.request, self.role))
        return super().get_queryset().filter(pk__in=of_surveys).annotate(positions=Count("frames"))
