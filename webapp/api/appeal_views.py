"""API of appeals: what moderators did about one's comments, the appeal against it, and its answer."""

from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.api.account_rows import AccountRows
from webapp.api.permissions import checked, surveys_with
from webapp.api.request_body import RequestBody, asked
from webapp.api.row_views import LARGEST_ID, Parameter, of_survey, refuse_unknown, truth
from webapp.archive.access import person
from webapp.archive.models import Role
from webapp.community.appeals import actions_against, answer_appeal, appeal
from webapp.community.models import Appeal, ModeratorAction
from webapp.community.moderation_models import LONGEST_APPEAL
from webapp.volunteers.identity import account_volunteer
from webapp.volunteers.models import Volunteer

MOST_ACTIONS = 100


class AppealSerializer(serializers.ModelSerializer[Appeal]):
    survey = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True, source="action.survey")

    class Meta:
        model = Appeal
        fields = ["id", "survey", "action", "text", "created_at", "is_granted", "answer", "answered_at"]


class AppealToSerializer(RequestBody):
    action = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, help_text="id of a moderator's action")
    text = serializers.CharField(max_length=LONGEST_APPEAL)


class AnswerAppealSerializer(RequestBody):
    is_granted = serializers.BooleanField(help_text="restores the comment, and ends a suspension")
    answer = serializers.CharField(max_length=LONGEST_APPEAL, help_text="to the person who appealed")


class ModeratorActionSerializer(serializers.ModelSerializer[ModeratorAction]):
    survey = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)

    class Meta:
        model = ModeratorAction
        fields = ["id", "survey", "comment", "kind", "reason", "until", "lifted_at", "created_at"]


class AppealViewSet(AccountRows):
    """Your appeals, and those in surveys that you moderate."""

    queryset = Appeal.objects.select_related("action__survey")
    serializer_class = AppealSerializer
    parameters = {
        "survey": of_survey("action__survey"),
        "open": Parameter("is_granted__isnull", truth, "true or false: nobody has answered it"),
    }

    def rows_of(self, volunteer: Volunteer) -> QuerySet[Any]:
        moderated = surveys_with(self.request, Role.MODERATOR)
        seen = Q(action__author=volunteer) | Q(action__survey__in=moderated)
        return Appeal.objects.filter(seen).select_related("action__survey")

    def list(self, request: Request) -> Response:
        """List your appeals, and those in surveys that you moderate."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(AppealSerializer(rows, many=True).data)

    @extend_schema(request=AppealToSerializer, responses={201: AppealSerializer})
    def create(self, request: Request) -> Response:
        """Appeal against what a moderator did about your comment; a second appeal changes nothing."""
        sent = asked(AppealToSerializer, request)
        against = get_object_or_404(ModeratorAction, pk=sent["action"])
        row = checked(lambda: appeal(user=person(request), action=against, text=sent["text"]))
        return Response(AppealSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=ModeratorActionSerializer(many=True), filters=False)
    @action(detail=False, pagination_class=None, filter_backends=[])
    def actions(self, request: Request) -> Response:
        """List the newest hundred actions of moderators against you."""
        refuse_unknown(request, ())
        rows = actions_against(account_volunteer(request.user))[:MOST_ACTIONS]
        return Response(ModeratorActionSerializer(rows, many=True).data)

    @extend_schema(request=AnswerAppealSerializer, responses=AppealSerializer)
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str) -> Response:
        """Answer an appeal, as a moderator; a second answer changes nothing."""
        row, sent = self.get_object(), asked(AnswerAppealSerializer, request)
        checked(lambda: answer_appeal(moderator=person(request), appeal=row, **sent))
        row.refresh_from_db()
        return Response(AppealSerializer(row).data)
