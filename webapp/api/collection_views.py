"""API of collections: create, change and delete one's own, edit the subjects together, make a subject set."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.api.account_rows import AccountRows
from webapp.api.permissions import checked
from webapp.api.request_body import RequestBody, asked
from webapp.api.row_views import LARGEST_ID
from webapp.archive.access import person
from webapp.archive.models import Survey
from webapp.community import collections as rules
from webapp.community.models import Collection
from webapp.volunteers.identity import account_volunteer, reader_of
from webapp.volunteers.models import Volunteer

SUBJECT = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)


class CollectionSerializer(RequestBody, serializers.ModelSerializer[Collection]):
    class Meta:
        model = Collection
        fields = ["id", "name", "description", "is_public", "created_at"]


class OpenCollectionSerializer(CollectionSerializer):
    subjects = serializers.SerializerMethodField(
        help_text="ids, in order; unless you edit it, without those that you may still be asked about"
    )

    class Meta(CollectionSerializer.Meta):
        fields = [*CollectionSerializer.Meta.fields, "subjects"]

    def get_subjects(self, collection: Collection) -> list[int]:
        request = self.context["request"]
        items = rules.items_for(collection, request.user, reader_of(request))
        return list(items.values_list("subject_id", flat=True))


class SubjectsSerializer(RequestBody):
    subjects = serializers.ListField(child=SUBJECT, allow_empty=False, max_length=rules.MOST_SUBJECTS)


class SizeSerializer(serializers.Serializer[Any]):
    size = serializers.IntegerField()


class MoveSerializer(RequestBody):
    subject = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    is_forward = serializers.BooleanField(help_text="towards the front")


class EditorSerializer(RequestBody):
    username = serializers.CharField(max_length=150)


class OfSurveySerializer(RequestBody):
    survey = serializers.SlugField(help_text="of which you are a scientist")


class SubjectSetSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    size = serializers.IntegerField()


class CollectionViewSet(AccountRows):
    """Collections of subjects that you see; only their owners and editors change them."""

    queryset = Collection.objects.all()
    serializer_class = CollectionSerializer

    def rows_of(self, volunteer: Volunteer) -> QuerySet[Any]:
        return Collection.objects.visible_to(volunteer) if self.detail else Collection.objects.edited_by(volunteer)

    def list(self, request: Request) -> Response:
        """List your collections, and those that you edit."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(CollectionSerializer(rows, many=True).data)

    @extend_schema(responses=OpenCollectionSerializer)
    def retrieve(self, request: Request, pk: str) -> Response:
        """Return a collection with its subjects."""
        return Response(OpenCollectionSerializer(self.get_object(), context={"request": request}).data)

    @extend_schema(responses={201: CollectionSerializer})
    def create(self, request: Request) -> Response:
        """Create a collection."""
        owner, texts = account_volunteer(request.user), asked(CollectionSerializer, request)
        row = checked(lambda: rules.open_collection(owner=owner, **texts))
        return Response(CollectionSerializer(row).data, status=status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a collection of yours."""
        row = self._own()
        texts: dict[str, Any] = {"name": row.name, "description": row.description, "is_public": row.is_public}
        texts |= asked(CollectionSerializer, request, partial=True)
        checked(lambda: rules.change_collection(row, **texts))
        return Response(CollectionSerializer(row).data)

    def destroy(self, request: Request, pk: str) -> Response:
        """Delete a collection of yours; its subjects stay where they are."""
        self._own().delete()
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=SubjectsSerializer, responses=SizeSerializer)
    @action(detail=True, methods=["post"])
    def add(self, request: Request, pk: str) -> Response:
        """Add subjects at the front; unknown ones and those that it holds already are ignored."""
        row, subjects = self._editable(), asked(SubjectsSerializer, request)["subjects"]
        return Response({"size": checked(lambda: rules.collect(row, subjects))})

    @extend_schema(request=SubjectsSerializer, responses=SizeSerializer)
    @action(detail=True, methods=["post"])
    def remove(self, request: Request, pk: str) -> Response:
        """Remove subjects."""
        row, subjects = self._editable(), asked(SubjectsSerializer, request)["subjects"]
        row.items.filter(subject__in=subjects).delete()
        return Response({"size": row.items.count()})

    @extend_schema(request=MoveSerializer, responses={204: None})
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: str) -> Response:
        """Exchange a subject with its neighbour."""
        rules.move(self._editable(), **asked(MoveSerializer, request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=EditorSerializer, responses={204: None})
    @action(detail=True, methods=["post"], url_path="add-editor")
    def add_editor(self, request: Request, pk: str) -> Response:
        """Let somebody edit your collection too."""
        row, editor = self._own(), asked(EditorSerializer, request)
        checked(lambda: rules.add_editor(row, **editor))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=EditorSerializer, responses={204: None})
    @action(detail=True, methods=["post"], url_path="remove-editor")
    def remove_editor(self, request: Request, pk: str) -> Response:
        """End somebody's editing of your collection."""
        row, username = self._own(), asked(EditorSerializer, request)["username"]
        row.editors.remove(*row.editors.filter(user__username=username))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=OfSurveySerializer, responses=SubjectSetSerializer)
    @action(detail=True, methods=["post"], url_path="make-set")
    def make_set(self, request: Request, pk: str) -> Response:
        """Put the subjects of a survey into a subject set, as one of its scientists."""
        collection = self.get_object()
        survey = get_object_or_404(Survey, slug=asked(OfSurveySerializer, request)["survey"])
        made, size = checked(lambda: rules.make_set_of(collection, user=person(request), survey=survey))
        return Response({"name": made.name, "size": size})

    def _own(self) -> Collection:
        row: Collection = self.get_object()
        rules.check_owner(row, account_volunteer(self.request.user))
        return row

    def _editable(self) -> Collection:
        row: Collection = self.get_object()
        rules.check_editor(row, account_volunteer(self.request.user))
        return row
