"""API views of exports and rulings."""

import re

from django.core.exceptions import ValidationError as ModelValidationError
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.api.permissions import Conflict, require
from webapp.api.row_views import WORKFLOW, Parameter, SurveyRows, key, truth
from webapp.api.workflow_serializers import RuleSerializer, RulingSerializer
from webapp.archive.models import Role, Subject
from webapp.exports.formats import EXPORTS, file_response
from webapp.review.models import Ruling
from webapp.review.rulings import AlreadyWithdrawn, rule, withdraw_ruling
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


class RulingViewSet(SurveyRows):
    """Scientists' verdicts. None is ever deleted; withdrawn ones have a time of withdrawal."""

    queryset = Ruling.objects.select_related("workflow", "subject__survey", "scientist")
    serializer_class = RulingSerializer
    survey_path = "subject__survey"
    parameters = {
        "workflow": WORKFLOW,
        "subject": Parameter("subject", key, "id of a subject"),
        "standing": Parameter("withdrawn_at__isnull", truth, "true or false"),
    }

    @extend_schema(request=RuleSerializer, responses={201: RulingSerializer})
    def create(self, request: Request) -> Response:
        """Rule on a subject: it becomes gold and retires. A later verdict replaces an earlier one."""
        asked = RuleSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        scientist = require(request, asked.validated_data["workflow"].survey, Role.SCIENTIST)
        subject = get_object_or_404(Subject.objects.select_related("survey"), pk=asked.validated_data.pop("subject"))
        require(request, subject.survey, Role.SCIENTIST)
        try:
            ruling = rule(**asked.validated_data, subject=subject, scientist=scientist)
        except ModelValidationError as error:
            raise ValidationError(error.message_dict) from error
        return Response(RulingSerializer(ruling).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=RulingSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Withdraw a verdict (409 if it is not in force): volunteers decide again."""
        ruling = self.get_object()
        try:
            withdraw_ruling(ruling=ruling)
        except AlreadyWithdrawn as error:
            raise Conflict(str(error)) from error
        return Response(RulingSerializer(ruling).data)
