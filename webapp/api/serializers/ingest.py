from typing import Any

from rest_framework import serializers

from webapp.api.serializers.by_slug import BySlug
from webapp.api.serializers.learning import JOB
from webapp.archive.models import IngestProblem, IngestRun, Kind, Survey


class IngestProblemSerializer(serializers.ModelSerializer[IngestProblem]):
    class Meta:
        model = IngestProblem
        fields = ["file", "row", "reason"]


class IngestRunSerializer(serializers.ModelSerializer[IngestRun]):
    survey = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    fraction = serializers.FloatField(read_only=True, help_text="how far it is, 0 to 1")

    class Meta:
        model = IngestRun
        fields = [
            *JOB, "survey", "path", "kind", "subject_set", "dry_run", "added", "known", "duplicates", "bad",
        ]  # fmt: skip


class StartIngestSerializer(serializers.Serializer[Any]):
    survey = BySlug[Survey](queryset=Survey.objects.all())
    path = serializers.CharField(
        max_length=1000, help_text="file or folder below inbox/<slug of the survey>/ in the server's data folder"
    )
    kind = serializers.ChoiceField(Kind.choices, allow_blank=True, default="")
    subject_set = serializers.CharField(max_length=120, allow_blank=True, default="")
    dry_run = serializers.BooleanField(default=False)
