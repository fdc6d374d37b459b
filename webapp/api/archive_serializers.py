"""Serializers of surveys, subjects and ingest runs."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from webapp.api.learning_serializers import JOB
from webapp.api.request_body import RequestBody
from webapp.api.workflow_serializers import BySlug, NamesField
from webapp.archive.blinding import shown, until_answered
from webapp.archive.footprints import LARGEST, in_moc, read_moc_filter, read_moc_upload
from webapp.archive.models import Frame, IngestProblem, IngestRun, Kind, Subject, Survey
from webapp.archive.pixels import shape_of
from webapp.archive.uploads import unread_names


class SurveySerializer(serializers.ModelSerializer[Survey]):
    class Meta:
        model = Survey
        fields = [
            "slug", "name", "description", "is_simulated", "classes", "positive", "channels", "pixel_scale",
            "seeing", "position_floor", "observatory",
        ]  # fmt: skip


class CreateSurveySerializer(RequestBody, SurveySerializer):
    """A new survey: the fields of one, each as its type says."""

    classes = NamesField(default=list, help_text="fine classes, in the models' order")
    positive = NamesField(default=list, help_text="the classes that are real movers")
    channels = NamesField(default=list, help_text="what the channels of a frame show")
    pixel_scale = serializers.FloatField(min_value=1e-6, allow_null=True, default=None, help_text="arcsec per pixel")
    seeing = serializers.FloatField(min_value=1e-3, allow_null=True, default=None, help_text="arcsec, FWHM of a star")
    position_floor = serializers.FloatField(
        min_value=1e-3,
        allow_null=True,
        default=None,
        help_text="arcsec, error of a bright object's position; null for 0.1",
    )
    observatory = serializers.RegexField(
        r"^[A-Za-z0-9]{3,4}\Z", default="", allow_blank=True, help_text="the Minor Planet Center's code"
    )


class FrameSerializer(serializers.ModelSerializer[Frame]):
    class Meta:
        model = Frame
        fields = [
            "position", "mjd_mid", "mjd_keyword", "exptime", "band", "ra", "dec", "mag", "snr", "rms_ra",
            "rms_dec", "rms_corr", "wcs", "masked_fraction",
        ]  # fmt: skip


class SubjectSerializer(serializers.ModelSerializer[Subject]):
    """The public fields of a subject, with nothing that reveals its class while people classify."""

    survey = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    shape = serializers.SerializerMethodField(help_text="frames, channels, height, width")
    pixels = serializers.SerializerMethodField(help_text="where the raw numbers are")
    png = serializers.SerializerMethodField(help_text="where a picture is")
    rate = serializers.FloatField(allow_null=True, help_text="arcsec/h; null until its reader has answered it")
    fitted_rate = serializers.FloatField(allow_null=True, help_text="arcsec/h; null until its reader has answered it")
    created_at = serializers.DateTimeField(allow_null=True, help_text="null until its reader has answered it")
    updated_at = serializers.DateTimeField(allow_null=True, help_text="null until its reader has answered it")
    metadata = serializers.SerializerMethodField()

    class Meta:
        model = Subject
        fields = [
            "id", "survey", "external_id", "kind", "checksum", "shape", "pixels", "png", "ra", "dec", "mjd", "rate",
            "fitted_rate", "metadata", "created_at", "updated_at", "pixels_dropped_at",
        ]  # fmt: skip

    def get_shape(self, subject: Subject) -> list[int]:
        return list(shape_of(subject))

    def get_pixels(self, subject: Subject) -> str:
        return reverse("pixels", kwargs={"subject": subject.pk, "checksum": subject.checksum})

    def get_png(self, subject: Subject) -> str:
        return reverse("picture", kwargs={"subject": subject.pk, "checksum": subject.checksum})

    def get_metadata(self, subject: Subject) -> dict[str, Any]:
        return shown(subject.metadata)

    def to_representation(self, subject: Any) -> dict[str, Any]:
        """Represent a row annotated by `with_unblinded`, limited to what its reader may know."""
        facts = super().to_representation(subject)
        return facts if subject.is_unblinded else until_answered(facts, subject.survey)


class SubjectDetailSerializer(SubjectSerializer):
    """One subject with its frames; its class, group and hidden metadata only for the survey's scientists.

    The class is not for those who are to judge independently of the verdict that it comes from.
    """

    frames = FrameSerializer(many=True)
    gold_label = serializers.SerializerMethodField(
        help_text="null for whoever is not a scientist of the survey, or is asked for an independent second opinion"
    )
    gold_source = serializers.SerializerMethodField()
    object_group = serializers.SerializerMethodField()

    class Meta(SubjectSerializer.Meta):
        fields = [*SubjectSerializer.Meta.fields, "frames", "gold_label", "gold_source", "object_group"]

    def get_gold_label(self, subject: Subject) -> str | None:
        return self._unless_hidden(subject.gold_label)

    def get_gold_source(self, subject: Subject) -> str | None:
        return self._unless_hidden(subject.gold_source)

    def get_object_group(self, subject: Subject) -> str | None:
        return self._for_scientists(subject.object_group)

    def get_metadata(self, subject: Subject) -> dict[str, Any]:
        return subject.metadata if self.context["is_scientist"] else shown(subject.metadata)

    def _unless_hidden(self, value: str) -> str | None:
        return None if self.context["hides_verdict"] else self._for_scientists(value)

    def _for_scientists(self, value: str) -> str | None:
        return value if self.context["is_scientist"] else None


class IngestProblemSerializer(serializers.ModelSerializer[IngestProblem]):
    class Meta:
        model = IngestProblem
        fields = ["file", "row", "reason", "is_warning"]


class IngestRunSerializer(serializers.ModelSerializer[IngestRun]):
    survey = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    fraction = serializers.FloatField(read_only=True, help_text="how far it is, 0 to 1")
    url = serializers.SerializerMethodField(help_text="address of the run")

    class Meta:
        model = IngestRun
        fields = [
            *JOB, "updated_at", "url", "survey", "path", "kind", "subject_set", "dry_run", "added", "known",
            "joined", "duplicates", "bad",
        ]  # fmt: skip

    def get_url(self, run: IngestRun) -> str:
        return reverse("api:ingestrun-detail", kwargs={"pk": run.pk})


class UploadedRunSerializer(IngestRunSerializer):
    unread = serializers.SerializerMethodField(
        help_text="sent files that are neither images, nor packets, nor a manifest"
    )

    class Meta(IngestRunSerializer.Meta):
        fields = [*IngestRunSerializer.Meta.fields, "unread"]

    def get_unread(self, run: IngestRun) -> list[str]:
        return unread_names(run)


@extend_schema_field(OpenApiTypes.STR)
class MocField(serializers.Field[Q, Any, Any, Any]):
    """A MOC as text or as a file, read as a filter on subjects."""

    default_error_messages = {"invalid": "Send the MOC as text (ASCII or JSON), or as a file."}

    def to_internal_value(self, data: Any) -> Q:
        if not isinstance(data, UploadedFile | str):
            self.fail("invalid")
        try:
            return read_moc_filter(data) if isinstance(data, str) else in_moc(read_moc_upload(data))
        except ValueError as error:
            raise serializers.ValidationError([str(error)]) from error


class WithinSerializer(RequestBody):
    """A region of the sky."""

    moc = MocField(
        help_text=f"ASCII (3/1-5,7 4/100) or JSON; as multipart/form-data also a FITS file; up to {LARGEST >> 20} MB"
    )


class IngestOptionsSerializer(RequestBody):
    kind = serializers.ChoiceField(Kind.choices, allow_blank=True, default="")
    subject_set = serializers.CharField(max_length=120, allow_blank=True, default="")
    dry_run = serializers.BooleanField(default=False)


class StartIngestSerializer(IngestOptionsSerializer):
    survey = BySlug[Survey](queryset=Survey.objects.all())
    path = serializers.CharField(
        max_length=1000, help_text="file or folder below inbox/<slug of the survey>/ in the server's data folder"
    )


class UploadImagesSerializer(IngestOptionsSerializer):
    files = serializers.ListField(
        child=serializers.FileField(),
        allow_empty=False,
        help_text="images, alert packets, or a manifest with its files; together up to MAX_UPLOAD_MB",
    )
