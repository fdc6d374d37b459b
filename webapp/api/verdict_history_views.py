"""API view of the history of a subject: what scientists did with it, by whom and when."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.api.permissions import require
from webapp.api.row_views import refuse_unknown
from webapp.archive.models import Role, Subject
from webapp.review.hidden_verdicts import hidden_verdicts
from webapp.review.verdict_history import events_of, history_of
from webapp.review.verdict_panel import workflow_of


class HistoryEntrySerializer(serializers.Serializer[Any]):
    created_at = serializers.DateTimeField(source="at")
    who = serializers.CharField(allow_blank=True, help_text="user name; empty for a deleted account")
    what = serializers.CharField(help_text="in words, such as: ruled yes")
    detail = serializers.CharField(allow_blank=True, help_text="the class, the tag, or whom it is about")
    note = serializers.CharField(allow_blank=True)


class HistoryView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(
        parameters=[OpenApiParameter("workflow", OpenApiTypes.STR, description="slug; by default the first")],
        responses=HistoryEntrySerializer(many=True),
    )
    def get(self, request: Request, subject: int) -> Response:
        """List verdicts, opinions, requests, withdrawals, holds, tags and notes, newest first; for scientists.

        Verdicts and opinions are left out for whoever is asked for an independent second opinion.
        """
        refuse_unknown(request, ["workflow"])
        row = get_object_or_404(Subject.objects.select_related("survey"), pk=subject)
        reader = require(request, row.survey, Role.SCIENTIST)
        asked = request.query_params.get("workflow", "")
        workflow = workflow_of(row.survey, row, asked) if "\0" not in asked else None
        if asked and workflow is None:
            raise ValidationError({"workflow": [f"“{asked}” is no workflow that asks about this subject."]})
        is_hidden = bool(hidden_verdicts([row.pk], reader))
        entries = history_of(workflow, row) if workflow and not is_hidden else events_of(row)
        return Response(HistoryEntrySerializer(entries, many=True).data)
