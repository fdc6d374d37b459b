"""API view of detections: the lines that detectors of trails, and of movers in cubes, found in subjects."""

from typing import Any

from rest_framework import serializers

from webapp.api.row_views import Parameter, SurveyRows, fraction, key, of_survey, truth
from webapp.classifications.line_marks import ends_on_sky
from webapp.learning.models import Detection

PLACES = ("ra1", "dec1", "ra2", "dec2")


class DetectionListSerializer(serializers.ListSerializer[Any]):
    """Looks up the places of a page at once."""

    def to_representation(self, data: Any) -> list[Any]:
        rows = list(data)
        _locate(rows)
        return super().to_representation(rows)


class DetectionSerializer(serializers.ModelSerializer[Detection]):
    survey = serializers.SlugRelatedField[Any](slug_field="slug", source="subject.survey", read_only=True)
    external_id = serializers.CharField(source="subject.external_id", read_only=True)
    ra1 = serializers.FloatField(read_only=True, allow_null=True, help_text="deg, ICRS; null without a WCS")
    dec1 = serializers.FloatField(read_only=True, allow_null=True)
    ra2 = serializers.FloatField(read_only=True, allow_null=True)
    dec2 = serializers.FloatField(read_only=True, allow_null=True)

    class Meta:
        model = Detection
        list_serializer_class = DetectionListSerializer
        fields = [
            "id", "survey", "subject", "external_id", "checkpoint", "position", "frame", "x1", "y1", "x2", "y2",
            *PLACES, "score",
        ]  # fmt: skip

    def to_representation(self, instance: Any) -> Any:
        if not hasattr(instance, PLACES[0]):
            _locate([instance])
        return super().to_representation(instance)


def _locate(rows: list[Any]) -> None:
    """Give detections the places of their ends, None where the frame has no WCS."""
    for row, ends in zip(rows, ends_on_sky([(row.subject, row) for row in rows]), strict=True):
        for name in PLACES:
            setattr(row, name, ends.get(name))


class DetectionViewSet(SurveyRows):
    """Lines that detectors found, for scientists of the survey; with places on the sky where the frame has a WCS."""

    queryset = Detection.objects.filter(subject__is_synthetic=False).select_related("subject__survey")
    serializer_class = DetectionSerializer
    survey_path = "subject__survey"
    parameters = {
        "survey": of_survey("subject__survey"),
        "subject": Parameter("subject", key, "id of a subject"),
        "checkpoint": Parameter("checkpoint", key, "id of a checkpoint"),
        "champion": Parameter("checkpoint__is_champion", truth, "true or false"),
        "min_score": Parameter("score__gte", fraction, "lowest score, 0 to 1"),
    }
