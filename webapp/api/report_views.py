"""API views of reports: drafts, their dry run, and the files of signed ones. Signing off is done on the page."""

from django.core.exceptions import ValidationError as ModelValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ml.sky.ades import psv_first_row
from webapp.api.permissions import Conflict, require
from webapp.api.report_serializers import DraftSerializer, DryRunSerializer, ReportSerializer
from webapp.api.request_body import asked
from webapp.api.row_views import SURVEY, UPDATED_SINCE, Parameter, SurveyRows, moment, truth
from webapp.archive.models import Role
from webapp.reports.contents import Contents
from webapp.reports.drafts import delete_draft, draft_report
from webapp.reports.models import Report, ReportSettings


class ReportViewSet(SurveyRows):
    """Reports to the Minor Planet Center. Drafts can change; signed ones never do."""

    queryset = Report.objects.select_related("survey", "created_by").prefetch_related("tracklets__subject")
    serializer_class = ReportSerializer
    parameters = {
        "survey": SURVEY,
        "draft": Parameter("signed_at__isnull", truth, "true or false"),
        "updated_since": UPDATED_SINCE,
        "signed_since": Parameter("signed_at__gte", moment, "signed off at this time (ISO 8601) or later"),
    }

    @extend_schema(request=DraftSerializer, responses={201: ReportSerializer})
    def create(self, request: Request) -> Response:
        """Draft a report of confirmed, unidentified tracklets that are in no report yet."""
        sent = asked(DraftSerializer, request)
        by = require(request, sent["survey"], Role.SCIENTIST)
        try:
            report = draft_report(**sent, by=by)
        except ModelValidationError as error:
            raise ValidationError({"subjects": error.messages}) from error
        return Response(ReportSerializer(report).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete a draft (409 if it is signed off): its tracklets are candidates again."""
        try:
            delete_draft(report=self.get_object())
        except ModelValidationError as error:
            raise Conflict(" ".join(error.messages)) from error
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=DryRunSerializer)
    @action(detail=True, url_path="dry-run")
    def dry_run(self, request: Request, pk: str) -> Response:
        """Return a draft's files as they would be, and everything that is wrong with it (409 if it is signed off)."""
        report = self.get_object()
        if report.is_signed:
            raise Conflict("The report is signed off: get its files.")
        settings = get_object_or_404(ReportSettings.objects.select_related("survey"), survey=report.survey)
        contents = Contents(report, settings)
        first = psv_first_row(contents.block)
        problems = [
            {
                "line": None if each.row is None else first + each.row,
                "message": str(each.message),
                "blocks": each.blocks,
            }
            for each in contents.problems
        ]
        return Response({"is_ready": contents.is_ready, **contents.files(), "problems": problems})

    @extend_schema(responses={(200, "text/plain"): OpenApiTypes.STR})
    @action(detail=True, url_path="report.psv")
    def psv(self, request: Request, pk: str) -> HttpResponse:
        """Return a signed report as ADES PSV."""
        return _file(self.get_object().psv, "text/plain")

    @extend_schema(responses={(200, "application/xml"): OpenApiTypes.STR})
    @action(detail=True, url_path="report.xml")
    def xml(self, request: Request, pk: str) -> HttpResponse:
        """Return a signed report as ADES XML."""
        return _file(self.get_object().xml, "application/xml")

    @extend_schema(responses={(200, "text/plain"): OpenApiTypes.STR})
    @action(detail=True, url_path="report.obs80")
    def obs80(self, request: Request, pk: str) -> HttpResponse:
        """Return a signed report in 80 columns."""
        return _file(self.get_object().obs80, "text/plain")


def _file(text: str, content_type: str) -> HttpResponse:
    if not text:
        raise NotFound("The report has no such file: drafts have none before they are signed off.")
    return HttpResponse(text.encode(), content_type=f"{content_type}; charset=utf-8")
