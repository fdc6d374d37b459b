"""API views of exports."""

import re

from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from webapp.api.permissions import Conflict, require
from webapp.archive.models import Role, Survey
from webapp.exports.catalogue import FORMATS, TYPES, TooMany, catalogue_response
from webapp.exports.formats import EXPORTS, file_response
from webapp.workflows.models import Workflow

CATALOGUES = [f"candidates.{suffix}" for suffix in FORMATS]


class ExportName:
    regex = "|".join(re.escape(name) for name in EXPORTS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class CatalogueName(ExportName):
    regex = "|".join(map(re.escape, CATALOGUES))


class ExportView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(
        parameters=[OpenApiParameter("name", str, OpenApiParameter.PATH, enum=list(EXPORTS))],
        responses={(200, export.content_type.partition(";")[0]): OpenApiTypes.BINARY for export in EXPORTS.values()},
    )
    def get(self, request: Request, slug: str, name: str) -> StreamingHttpResponse:
        """Stream a workflow's data as a file; for scientists of its survey."""
        workflow = get_object_or_404(Workflow.objects.select_related("survey"), slug=slug)
        require(request, workflow.survey, Role.SCIENTIST)
        return file_response(request._request, EXPORTS[name], workflow)


class CatalogueView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(
        parameters=[
            OpenApiParameter("name", str, OpenApiParameter.PATH, enum=[f"candidates.{each}" for each in FORMATS])
        ],
        responses={(200, content_type.partition(";")[0]): OpenApiTypes.BINARY for content_type in TYPES.values()},
    )
    def get(self, request: Request, slug: str, name: str) -> StreamingHttpResponse:
        """Stream a survey's candidates as a file, or their pedigree (jsonl); for its scientists."""
        survey = get_object_or_404(Survey, slug=slug)
        require(request, survey, Role.SCIENTIST)
        try:
            return catalogue_response(survey, name.removeprefix("candidates."))
        except TooMany as error:
            raise Conflict(str(error)) from error
