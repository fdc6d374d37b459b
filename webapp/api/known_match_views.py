"""API view of matches with known objects: which orbits pass near a subject, and how far from it."""

from typing import Any

from django.db.models import F, FloatField
from django.db.models.functions import NullIf, Power, Sqrt
from rest_framework import serializers

from webapp.api.row_views import Parameter, SurveyRows, key, number, of_survey, word
from webapp.known_objects.models import KnownMatch

_PARTS = [F(name) / NullIf(F(f"sigma_{name}"), 0.0) for name in ("along", "across")]
SIGMAS = Sqrt(sum(Power(part, 2) for part in _PARTS), output_field=FloatField())
"""`KnownMatch.sigmas` in the database; null like it."""


class KnownMatchSerializer(serializers.ModelSerializer[KnownMatch]):
    survey = serializers.SlugRelatedField[Any](slug_field="slug", source="subject.survey", read_only=True)
    external_id = serializers.CharField(source="subject.external_id", read_only=True)
    sigmas = serializers.FloatField(
        read_only=True, allow_null=True, help_text="distance in units of its combined σ; null if the orbit has no error"
    )

    class Meta:
        model = KnownMatch
        fields = [
            "id", "survey", "subject", "external_id", "designation", "detections", "separation", "along", "across",
            "sigma_along", "sigma_across", "sigmas", "orbit_error", "orbit_days", "magnitude", "rate", "position_angle",
            "is_ruled_out",
        ]  # fmt: skip


class KnownMatchViewSet(SurveyRows):
    """Known objects near subjects, with residuals and the age of their elements, for scientists of the survey."""

    queryset = KnownMatch.objects.select_related("subject__survey").annotate(in_sigmas=SIGMAS)
    serializer_class = KnownMatchSerializer
    survey_path = "subject__survey"
    parameters = {
        "survey": of_survey("subject__survey"),
        "subject": Parameter("subject", key, "id of a subject"),
        "designation": Parameter("designation", word, "exact name of the known object"),
        "max_separation": Parameter("separation__lte", number, "largest mean separation, arcsec"),
    }
    orderings = {"separation": "separation", "sigmas": "in_sigmas"}
