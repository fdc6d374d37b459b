"""API views of exports."""

import re

from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from webapp.api.permissions import require
from webapp.archive.models import Role
from webapp.exports.formats import EXPORTS, file_response
from webapp.workflows.models import Workflow


class ExportName:
    regex = "|".join(re.escape(name) for name in EXPORTS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


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
