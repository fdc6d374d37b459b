from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from webapp.api.access import require
from webapp.archive.models import Role
from webapp.review.exchange.exports import EXPORTS
from webapp.review.exchange.sending import file_response
from webapp.volunteers.models import Workflow


class ExportView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(
        parameters=[OpenApiParameter("name", str, OpenApiParameter.PATH, enum=list(EXPORTS))],
        responses={(200, export.content_type.partition(";")[0]): OpenApiTypes.BINARY for export in EXPORTS.values()},
    )
    def get(self, request: Request, slug: str, name: str) -> StreamingHttpResponse:
        """Send what a workflow holds as a file, while it is being made; for scientists of its survey."""
        workflow = get_object_or_404(Workflow.objects.select_related("survey"), slug=slug)
        require(request, workflow.survey, Role.SCIENTIST)
        return file_response(request._request, EXPORTS[name], workflow)
