"""API views of Talk: read boards, threads and comments; write with an account."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import SAFE_METHODS, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from webapp.api.permissions import checked, surveys_with
from webapp.api.request_body import asked
from webapp.api.row_views import SURVEY, Parameter, PublicRows, key, moment, of_survey
from webapp.api.talk_serializers import (
    BoardSerializer,
    CommentSerializer,
    OpenThreadSerializer,
    RemoveSerializer,
    SaySerializer,
    TextSerializer,
    ThreadSerializer,
)
from webapp.archive.access import person
from webapp.archive.models import Role
from webapp.community.models import Board, Comment, Thread
from webapp.community.pictures import PictureRate
from webapp.community.talk import edit, post_comment, remove
from webapp.community.talk_index import readable
from webapp.community.threads import open_thread
from webapp.volunteers.identity import reader_of


class TalkRows(PublicRows):
    """Rows that anyone reads, and accounts write."""

    lookup_value_regex = "[0-9]+"

    permission_classes = [IsAuthenticatedOrReadOnly]

    def get_throttles(self) -> list[BaseThrottle]:
        """Limit pictures as the pages do."""
        sends_picture = self.request.method == "POST" and "picture" in self.request.FILES
        return [*super().get_throttles(), *([PictureRate()] if sends_picture else [])]


class BoardViewSet(PublicRows):
    """Boards of the surveys' Talk."""

    lookup_value_regex = "[0-9]+"
    queryset = Board.objects.select_related("survey")
    serializer_class = BoardSerializer
    parameters = {"survey": SURVEY}


class ThreadViewSet(TalkRows):
    """Threads on the boards."""

    queryset = Thread.objects.select_related("board__survey")
    serializer_class = ThreadSerializer
    parameters = {
        "survey": of_survey("board__survey"),
        "board": Parameter("board", key, "id of a board"),
    }

    @extend_schema(request=OpenThreadSerializer, responses={201: CommentSerializer})
    def create(self, request: Request) -> Response:
        """Start a thread; returns its first comment."""
        sent = asked(OpenThreadSerializer, request)
        row = checked(lambda: open_thread(user=person(request), **sent))
        return Response(CommentSerializer(row).data, status=status.HTTP_201_CREATED)


class CommentViewSet(TalkRows):
    """Comments in threads and on subjects; on a subject that you may still be asked about, they are hidden."""

    queryset = Comment.objects.standing().with_pictures().select_related("survey", "author__user__profile")
    serializer_class = CommentSerializer
    parameters = {
        "survey": SURVEY,
        "subject": Parameter("subject", key, "id of a subject"),
        "thread": Parameter("thread", key, "id of a thread"),
        "since": Parameter("created_at__gte", moment, "written then (ISO 8601) or later"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        """Exclude what the reader may not read; for a write, the rules decide."""
        rows = super().get_queryset()
        if self.request.method not in SAFE_METHODS:
            return rows
        return readable(rows, reader_of(self.request), surveys_with(self.request, Role.MODERATOR))

    @extend_schema(request=SaySerializer, responses={201: CommentSerializer})
    def create(self, request: Request) -> Response:
        """Comment on a subject or in a thread."""
        sent = asked(SaySerializer, request)
        row = checked(lambda: post_comment(user=person(request), **sent))
        return Response(CommentSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=TextSerializer, responses=CommentSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Edit one's own comment."""
        sent = asked(TextSerializer, request)
        row = checked(lambda: edit(user=person(request), comment=self.get_object(), **sent))
        return Response(CommentSerializer(row).data)

    @extend_schema(parameters=[RemoveSerializer], responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Remove one's own comment, or another's as a moderator with a reason."""
        asked = RemoveSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        checked(lambda: remove(user=person(request), comment=self.get_object(), **asked.validated_data))
        return Response(status=status.HTTP_204_NO_CONTENT)
