"""API views of classifications (submit, undo, follow-up) and favourites."""

from collections import defaultdict
from contextlib import nullcontext
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from psycopg.errors import DeadlockDetected
from rest_framework import generics
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from webapp.api.authentication import ANYBODY, acting_volunteer, known_volunteer, set_identity_cookies
from webapp.api.classification_serializers import (
    AnsweredSerializer,
    AnswerSerializer,
    FollowUpSerializer,
    OwnAnswerSerializer,
    check_answers,
    represent_submitted,
    to_item,
)
from webapp.api.pagination import NewestAnswer
from webapp.api.permissions import Conflict, workflows_by_slug
from webapp.api.request_body import EmptyBody, asked
from webapp.api.row_views import ByParameters
from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.classify.record import CannotClassify, TooLate
from webapp.classify.submit import Submitted, lock_for_several, say_more, submit, undo
from webapp.community.favourites import favour, favourites_among, unfavour
from webapp.core.postgresql.retry import retry_on
from webapp.learning.scores import opinions
from webapp.learning.shown_reasons import shown_reasons
from webapp.queue.assignment_token import AssignedToAnother, NotAssigned, check_assignments
from webapp.queue.leases import store_newcomer
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow


def one_or_many(serializer: type[Serializer[Any]]) -> PolymorphicProxySerializer:
    """Describe one object or a list of them in the schema."""
    return PolymorphicProxySerializer(
        component_name=f"{serializer.__name__.removesuffix('Serializer')}OneOrMany",
        serializers=[serializer, serializer(many=True)],
        resource_type_field_name=None,
        many=False,
    )


class ClassificationsView(generics.ListAPIView[Classification]):
    """The requesting volunteer's answers."""

    authentication_classes = ANYBODY
    permission_classes = [AllowAny]
    serializer_class = OwnAnswerSerializer
    pagination_class = NewestAnswer
    filter_backends = [ByParameters]

    def get_queryset(self) -> QuerySet[Classification]:
        answers = Classification.objects.filter(volunteer_id=known_volunteer(self.request).pk)
        return answers.select_related("workflow").prefetch_related("marks")

    @extend_schema(request=one_or_many(AnswerSerializer), responses=one_or_many(AnsweredSerializer))
    def post(self, request: Request) -> Response:
        """Submit one answer, or a list of up to 50. Resending an id is safe and stores nothing twice.

        The response has the shape and order of the request, with status 200 instead of 201 if nothing was new.
        """
        volunteer = known_volunteer(request)
        results = store_answers(volunteer, check_answers(request.data))
        is_new = any(not result["replayed"] and result["accepted"] for result in results)
        sent = results if isinstance(request.data, list) else results[0]
        response = Response(sent, status=201 if is_new else 200)
        return set_identity_cookies(request._request, response, volunteer)


@retry_on(DeadlockDetected)
def store_answers(volunteer: Volunteer, answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Submit answers, all or none, workflow by workflow in the order of their keys; return their results in order."""
    by_workflow: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for answer in answers:
        by_workflow[answer["workflow"]].append(answer)
    workflows = workflows_by_slug(by_workflow)
    for slug in by_workflow:
        if slug not in workflows:
            raise ValidationError({"workflow": [f"There is no workflow “{slug}”."]})
    results: dict[tuple[str, int], dict[str, Any]] = {}
    with transaction.atomic() if len(workflows) > 1 else nullcontext():
        if len(workflows) > 1:
            subjects = {workflows[slug]: [answer["subject"] for answer in sent] for slug, sent in by_workflow.items()}
            lock_for_several(volunteer, subjects)
        for slug, group in sorted(by_workflow.items(), key=lambda sent: workflows[sent[0]].pk):
            results |= {(slug, result["subject"]): result for result in submit_to(volunteer, workflows[slug], group)}
    return [results[answer["workflow"], answer["subject"]] for answer in answers]


def submit_to(volunteer: Volunteer, workflow: Workflow, answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    try:
        check_assignments(volunteer, workflow, [(answer["subject"], answer["lease"]) for answer in answers])
        store_newcomer(volunteer)
        submitted = submit(volunteer, workflow, [to_item(answer) for answer in answers])
    except (CannotClassify, NotAssigned) as error:
        raise ValidationError({"detail": str(error)}) from error
    except AssignedToAnother as error:
        raise PermissionDenied(str(error)) from error
    subjects = [each.consensus.subject_id for each in submitted]
    of_model, hearts = opinions(workflow, subjects), hearts_of(volunteer, subjects)
    reasons = shown_reasons(workflow, [each.recorded.classification for each in submitted])
    return [
        represent_submitted(each, reason, of_model.get(subject), hearts.get(subject))
        for each, reason, subject in zip(submitted, reasons, subjects, strict=True)
    ]


def _represent_changed(submitted: Submitted) -> dict[str, Any]:
    """Return the result of changing an answer, without the model's opinion."""
    (reason,) = shown_reasons(submitted.consensus.workflow, [submitted.recorded.classification])
    return represent_submitted(submitted, reason)


def hearts_of(volunteer: Volunteer, subjects: list[int]) -> dict[int, bool]:
    """Return whether each subject is a favourite."""
    favourites = favourites_among(volunteer, subjects)
    return {subject: subject in favourites for subject in subjects}


class UndoView(APIView):
    authentication_classes = ANYBODY
    permission_classes = [AllowAny]

    @extend_schema(request=None, responses=AnsweredSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Undo an answer within the workflow's undo time (409 after it). Repeating it is safe."""
        asked(EmptyBody, request)
        try:
            return Response(_represent_changed(undo(acting_volunteer(request), pk)))
        except Classification.DoesNotExist as error:
            raise NotFound("You gave no answer of this id.") from error
        except TooLate as error:
            raise Conflict(str(error)) from error


class FollowUpView(APIView):
    authentication_classes = ANYBODY
    permission_classes = [AllowAny]

    @extend_schema(request=FollowUpSerializer, responses=AnsweredSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Set the class after the answer; an empty string removes it."""
        name = asked(FollowUpSerializer, request)["follow_up"]
        try:
            return Response(_represent_changed(say_more(acting_volunteer(request), pk, name)))
        except Classification.DoesNotExist as error:
            raise NotFound("You gave no answer of this id.") from error
        except CannotClassify as error:
            raise Conflict(str(error)) from error


class FavouriteView(APIView):
    """Favourite subjects."""

    authentication_classes = ANYBODY
    permission_classes = [AllowAny]

    @extend_schema(request=None, responses={204: None})
    def put(self, request: Request, subject: int) -> Response:
        """Add the subject to the favourites. Repeating it is safe."""
        asked(EmptyBody, request)
        favour(acting_volunteer(request), get_object_or_404(Subject, pk=subject))
        return Response(status=204)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, subject: int) -> Response:
        """Remove the subject from the favourites."""
        unfavour(acting_volunteer(request), subject)
        return Response(status=204)
