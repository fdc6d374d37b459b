"""API of tags: a survey's tags, tag a subject or take that back, make a subject set of a tag."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.api.collection_views import SubjectSetSerializer
from webapp.api.permissions import checked
from webapp.api.request_body import EmptyBody, RequestBody, asked
from webapp.api.row_views import refuse_unknown
from webapp.archive.access import person
from webapp.archive.models import Membership, Role, Subject, Survey
from webapp.community.tags import LONGEST_TAG, make_set, tag, tags_of_survey, untag


class TagSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    subjects = serializers.IntegerField(help_text="how many have it")
    people = serializers.IntegerField(help_text="how many gave it")
    by_scientists = serializers.IntegerField(
        required=False, help_text="how many subjects scientists tagged; only scientists get this, and their tags"
    )


class SetOfTagSerializer(RequestBody):
    name = serializers.CharField(max_length=LONGEST_TAG)
    people = serializers.IntegerField(min_value=1, max_value=100, default=1, help_text="from at least so many")


class TagsView(APIView):
    permission_classes = [IsAuthenticatedOrReadOnly]

    @extend_schema(responses=TagSerializer(many=True))
    def get(self, request: Request, survey: str) -> Response:
        """List the survey's 200 most frequent tags."""
        refuse_unknown(request, ())
        of = get_object_or_404(Survey, slug=survey)
        return Response(tags_of_survey(of, with_scientists=Membership.objects.allows(request.user, of, Role.SCIENTIST)))

    @extend_schema(request=SetOfTagSerializer, responses=SubjectSetSerializer)
    def post(self, request: Request, survey: str) -> Response:
        """Put the subjects with a tag into a subject set, as a scientist of the survey."""
        of, sent = get_object_or_404(Survey, slug=survey), asked(SetOfTagSerializer, request)
        made, size = checked(lambda: make_set(user=person(request), survey=of, **sent))
        return Response({"name": made.name, "size": size})


class SubjectTagView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(request=None, responses={204: None})
    def put(self, request: Request, subject: int, name: str) -> Response:
        """Tag a subject that you have answered. Repeating it is safe."""
        asked(EmptyBody, request)
        row = get_object_or_404(Subject.objects.select_related("survey"), pk=subject)
        checked(lambda: tag(user=person(request), subject=row, name=name))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, subject: int, name: str) -> Response:
        """Take back your own tag; those in comments go with the comment's text."""
        untag(user=person(request), subject=get_object_or_404(Subject, pk=subject), name=name)
        return Response(status=status.HTTP_204_NO_CONTENT)
