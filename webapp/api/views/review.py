from django.core.exceptions import ValidationError as ModelValidationError
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.api.access import require
from webapp.api.errors import Conflict
from webapp.api.filters import WORKFLOW, Parameter, key, truth
from webapp.api.serializers.review import RuleSerializer, RulingSerializer
from webapp.api.views.rows import SurveyRows
from webapp.archive.models import Role, Subject
from webapp.review.models import Ruling
from webapp.review.rule import AlreadyWithdrawn, rule, withdraw_ruling


class RulingViewSet(SurveyRows):
    """Scientists' verdicts. None is ever deleted; those taken back say when."""

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
        """Settle a subject: it becomes gold and is asked about no more. A later verdict replaces an earlier one."""
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
        """Take a verdict back (409 where it stands no more): volunteers decide again."""
        ruling = self.get_object()
        try:
            withdraw_ruling(ruling=ruling)
        except AlreadyWithdrawn as error:
            raise Conflict(str(error)) from error
        return Response(RulingSerializer(ruling).data)
