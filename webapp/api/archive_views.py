"""API views of surveys, subjects and ingest runs."""

from typing import Any

import numpy as np
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.api.archive_serializers import (
    CreateSurveySerializer,
    IngestProblemSerializer,
    IngestRunSerializer,
    StartIngestSerializer,
    SubjectDetailSerializer,
    SubjectSerializer,
    SurveySerializer,
    UploadedRunSerializer,
    UploadImagesSerializer,
    WithinSerializer,
)
from webapp.api.permissions import checked, require, require_site_admin, surveys_with
from webapp.api.request_body import EmptyBody, asked
from webapp.api.row_views import (
    SURVEY,
    UPDATED_SINCE,
    Parameter,
    PublicRows,
    Range,
    SurveyRows,
    fraction,
    moment,
    number,
    one_of,
    refuse_unknown,
    word,
)
from webapp.archive.blinding import unless_leaky, with_unblinded
from webapp.archive.footprints import read_moc_filter
from webapp.archive.ingest.create_run import IngestRefused, inbox_path, start_ingest
from webapp.archive.models import IngestRun, Kind, Membership, Role, Subject, Survey
from webapp.archive.pixel_files import fits_file, npy_file
from webapp.archive.pixels import pixels_of
from webapp.archive.sky_region import read_cone, read_polygon
from webapp.archive.subject_search import (
    of_known_objects,
    of_magnitude,
    of_model_score,
    of_object,
    of_posterior,
    tagged,
)
from webapp.archive.survey_settings import open_survey
from webapp.archive.uploads import ingest_upload
from webapp.archive.verdict_blinding import hides_verdict
from webapp.core.jobs import JobState
from webapp.review.hidden_verdicts import hidden_verdicts


class SurveyViewSet(PublicRows):
    """Sky surveys, the owners of subjects, workflows and models."""

    queryset = Survey.objects.all()
    serializer_class = SurveySerializer
    lookup_field = "slug"

    @extend_schema(request=CreateSurveySerializer, responses={201: SurveySerializer})
    def create(self, request: Request) -> Response:
        """Create a survey, as an administrator of the site; you become its admin."""
        by = require_site_admin(request)
        survey = checked(lambda: open_survey(by=by, **asked(CreateSurveySerializer, request)))
        return Response(SurveySerializer(survey).data, status=status.HTTP_201_CREATED)

    @extend_schema(request={"multipart/form-data": UploadImagesSerializer}, responses={201: UploadedRunSerializer})
    @action(detail=True, methods=["post"], permission_classes=[IsAuthenticated], parser_classes=[MultiPartParser])
    def images(self, request: Request, slug: str) -> Response:
        """Upload images and ingest them; as an admin of the survey. `url` of the answer follows the run."""
        survey = self.get_object()
        admin = require(request, survey, Role.ADMIN)
        options = asked(UploadImagesSerializer, request)
        files = options.pop("files")
        try:
            run = ingest_upload(survey, files, by=admin, **options)
        except IngestRefused as error:
            raise ValidationError({"files": [str(error)]}) from error
        return Response(UploadedRunSerializer(run).data, status=status.HTTP_201_CREATED)


def known_as_drawn(request: Request) -> Q:
    return Q(is_synthetic=True, survey__in=surveys_with(request, Role.SCIENTIST))


def tag(text: str) -> Q:
    return tagged(word(text))


def object_group(text: str) -> Q:
    return of_object(word(text))


FOR_SCIENTISTS = {
    "gold_label": Parameter("gold_label", word, "class, for scientists of the survey"),
    "object_group": Parameter("", object_group, "exact name of the object, now or before links, for scientists"),
    "set": Parameter("sets__name", word, "name of a set of subjects, for scientists of the survey"),
    "tag": Parameter("", tag, "a tag, of scientists or volunteers, for scientists of the survey"),
    "min_rate": Parameter("rate__gte", number, "slowest motion given (arcsec/h), for scientists of the survey"),
    "max_rate": Parameter("rate__lte", number, "fastest motion given (arcsec/h), for scientists of the survey"),
    "min_fitted_rate": Parameter("fitted_rate__gte", number, "slowest motion fitted (arcsec/h), for scientists"),
    "max_fitted_rate": Parameter("fitted_rate__lte", number, "fastest motion fitted (arcsec/h), for scientists"),
    "min_mean_mag": Parameter("mag__gte", number, "lowest mean magnitude of the frames, for scientists of the survey"),
    "max_mean_mag": Parameter("mag__lte", number, "highest mean magnitude of the frames, for scientists of the survey"),
    "known": Parameter(
        "",
        of_known_objects,
        "known objects: near, none, open (not compared) or new (none or open), for scientists",
    ),
    "designation": Parameter("known_matches__designation", word, "exact name of the known object, for scientists"),
    "created_since": Parameter("created_at__gte", moment, "ingested then (ISO 8601) or later, for scientists"),
    "updated_since": UPDATED_SINCE,
}
RANGES_FOR_SCIENTISTS = (
    Range("mag", of_magnitude, "magnitude, in any frame, for scientists of the survey"),
    Range("p_real", of_model_score, "score of a champion, 0 to 1, for scientists of the survey", fraction),
    Range("posterior", of_posterior, "posterior in any workflow, 0 to 1, for scientists of the survey", fraction),
)
NAMES_FOR_SCIENTISTS = FOR_SCIENTISTS.keys() | {name for each in RANGES_FOR_SCIENTISTS for name in each.parameters()}
"""Filters by what would tell a volunteer the answer."""

ORDERINGS_FOR_SCIENTISTS = {"rate": "rate", "fitted_rate": "fitted_rate", "mag": "mag"}
"""Orderings by such; the first rows would tell it."""

MEASURED = {
    "external_id": "external_id",
    "cone": "ra",
    "polygon": "ra",
    "moc": "ra",
    "min_mjd": "mjd",
    "max_mjd": "mjd",
}
MEASURED |= {"mjd": "mjd", "ra": "ra", "dec": "ra"}
"""The columns by which filters and orderings look, if they are among those that may tell the classes apart."""


class SubjectViewSet(PublicRows):
    """Subjects to classify: stamps, tracklets, cutouts and cubes."""

    queryset = Subject.objects.select_related("survey")
    serializer_class = SubjectSerializer
    parameters = {
        "survey": SURVEY,
        "external_id": Parameter("external_id", word, "the survey's own name of the subject"),
        "kind": one_of("kind", Kind.values),
        "cone": Parameter("", read_cone, "RA,Dec,radius in degrees"),
        "polygon": Parameter("", read_polygon, "RA,Dec,RA,Dec,… of a convex polygon's corners, in degrees"),
        "moc": Parameter("", read_moc_filter, "a MOC as ASCII (3/1-5,7 4/100) or JSON"),
        "min_mjd": Parameter("mjd__gte", number, "earliest time (MJD, UTC)"),
        "max_mjd": Parameter("mjd__lte", number, "latest time (MJD, UTC)"),
        **FOR_SCIENTISTS,
    }
    ranges = RANGES_FOR_SCIENTISTS
    orderings = {"id": "id", "external_id": "external_id", "mjd": "mjd", "ra": "ra", "dec": "dec"}
    orderings |= ORDERINGS_FOR_SCIENTISTS

    def get_queryset(self) -> QuerySet[Any]:
        """Exclude synthetic subjects for scientists; for everybody else they must be indistinguishable."""
        rows = with_unblinded(super().get_queryset(), self.request.user)
        if self.detail:
            return rows
        if self._is_for_scientists():
            surveys = surveys_with(self.request, Role.SCIENTIST)
            if not surveys.exists():
                raise PermissionDenied("This filter or ordering is for the scientists of a survey.")
            rows = rows.filter(survey__in=surveys)
        if "gold_label" in self.request.query_params:
            rows = rows.exclude(hides_verdict(self.request.user, "pk"))
        asked = {*self.request.query_params, self._ordering()}
        asked |= {"moc"} if self.action == "within" else set()
        rows = unless_leaky(rows, {MEASURED[name] for name in asked & MEASURED.keys()})
        return rows.exclude(known_as_drawn(self.request))

    def _is_for_scientists(self) -> bool:
        """Whether the list is asked for by what would tell a volunteer the answer."""
        is_filtered = not NAMES_FOR_SCIENTISTS.isdisjoint(self.request.query_params)
        return is_filtered or self._ordering() in ORDERINGS_FOR_SCIENTISTS

    def _ordering(self) -> str:
        return str(self.request.query_params.get("ordering", "")).removeprefix("-")

    @extend_schema(request=WithinSerializer, responses=SubjectSerializer(many=True))
    @action(detail=False, methods=["post"], permission_classes=[IsAuthenticated])
    def within(self, request: Request) -> Response:
        """List the subjects in a MOC that is too long for an address; for accounts.

        Filters, ordering and total are parameters of the address, as in the list. Send the same body to `next`.
        """
        region = asked(WithinSerializer, request)["moc"]
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()).filter(region))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(responses=SubjectDetailSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One subject with its frames; only the survey's scientists see its class."""
        subject = self.get_object()
        is_scientist = Membership.objects.allows(request.user, subject.survey, Role.SCIENTIST)
        hides_verdict = is_scientist and bool(hidden_verdicts([subject.pk], request.user))
        context = {"is_scientist": is_scientist, "hides_verdict": hides_verdict}
        return Response(SubjectDetailSerializer(subject, context=context).data)

    @extend_schema(responses={(200, "application/fits"): OpenApiTypes.BINARY})
    @action(detail=True)
    def fits(self, request: Request, pk: str) -> HttpResponse:
        """Return the original pixels as FITS, an extension per frame with its WCS; for scientists of the survey."""
        subject, block = self._pixels(request)
        return _file(f"{subject.survey.slug}-{subject.pk}.fits", fits_file(subject, block), "application/fits")

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True)
    def npy(self, request: Request, pk: str) -> HttpResponse:
        """Return the original pixels (frames, channels, height, width) as .npy; for scientists of the survey."""
        subject, block = self._pixels(request)
        return _file(f"{subject.survey.slug}-{subject.pk}.npy", npy_file(block), "application/octet-stream")

    def _pixels(self, request: Request) -> tuple[Subject, np.ndarray]:
        subject = self.get_object()
        require(request, subject.survey, Role.SCIENTIST)
        try:
            return subject, pixels_of(subject)
        except LookupError as error:
            raise NotFound(str(error)) from error


def _file(name: str, content: bytes, content_type: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private"}
    return HttpResponse(content, content_type=content_type, headers=headers)


class IngestRunViewSet(SurveyRows):
    """Ingest runs; for admins."""

    queryset = IngestRun.objects.select_related("survey")
    serializer_class = IngestRunSerializer
    role = Role.ADMIN
    parameters = {
        "survey": SURVEY,
        "state": one_of("state", JobState.values),
        "updated_since": UPDATED_SINCE,
    }

    @extend_schema(request=StartIngestSerializer, responses={201: IngestRunSerializer})
    def create(self, request: Request) -> Response:
        """Ingest a file or folder from the survey's inbox on the server."""
        sent = asked(StartIngestSerializer, request)
        admin = require(request, sent["survey"], Role.ADMIN)
        name = sent.pop("path")
        try:
            run = start_ingest(**sent, path=inbox_path(sent["survey"], name), by=admin)
        except IngestRefused as error:
            raise ValidationError({"path": [str(error)]}) from error
        return Response(IngestRunSerializer(run).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=IngestRunSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Cancel the run; ingested subjects stay, and another run continues from there."""
        asked(EmptyBody, request)
        run = self.get_object()
        run.request_cancel()
        run.refresh_from_db()
        return Response(IngestRunSerializer(run).data)

    @extend_schema(responses=IngestProblemSerializer(many=True))
    @action(detail=True)
    def problems(self, request: Request, pk: str) -> Response:
        """Rows and files that could not be read, and why: the first 10,000 of a run."""
        refuse_unknown(request, ())
        page = self.paginate_queryset(self.get_object().problems.all())
        return self.get_paginated_response(IngestProblemSerializer(page, many=True).data)
