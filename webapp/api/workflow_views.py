"""API views of workflows, their next subjects, and consensus."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotAuthenticated, NotFound, PermissionDenied
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.api.authentication import ANYBODY, any_volunteer, known_volunteer, set_identity_cookies
from webapp.api.defaults import check_newcomer
from webapp.api.item_serializers import NextSerializer, Progress, represent_item
from webapp.api.pagination import number_up_to
from webapp.api.permissions import checked, require, surveys_with, workflows_by_slug
from webapp.api.request_body import asked
from webapp.api.row_views import (
    SURVEY,
    UPDATED_SINCE,
    WORKFLOW,
    Parameter,
    PublicRows,
    fraction,
    key,
    of_survey,
    refuse_unknown,
    truth,
)
from webapp.api.workflow_serializers import ConsensusSerializer, CreateWorkflowSerializer, WorkflowSerializer
from webapp.archive.blinding import readable_name
from webapp.archive.models import Role
from webapp.classifications.models import Classification
from webapp.consensus.access_levels import gate_of
from webapp.consensus.models import Consensus
from webapp.queue.counts import answered_by, progress_of
from webapp.queue.entries import waiting_for
from webapp.queue.leases import MOST_LEASES, lease_next, most_leases
from webapp.volunteers.identity import reader_of, visitor_of
from webapp.workflow_settings.change_workflow import open_workflow
from webapp.workflows.models import Workflow


class WorkflowViewSet(PublicRows):
    """Workflows: questions for volunteers, with their retirement rules."""

    queryset = Workflow.objects.select_related("survey")
    serializer_class = WorkflowSerializer
    lookup_field = "slug"
    parameters = {"survey": SURVEY}

    @extend_schema(request=CreateWorkflowSerializer, responses={201: WorkflowSerializer})
    def create(self, request: Request) -> Response:
        """Create a workflow and fill its queue from its sets, as an admin of its survey."""
        if not request.user.is_authenticated:
            raise NotAuthenticated
        sent = asked(CreateWorkflowSerializer, request)
        require(request, sent["survey"], Role.ADMIN)
        saved = checked(lambda: open_workflow(**sent))
        return Response(WorkflowSerializer(saved.workflow).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=Progress)
    @action(detail=True, authentication_classes=ANYBODY)
    def progress(self, request: Request, slug: str) -> Response:
        """Progress of the workflow and of the requesting volunteer."""
        is_known = request.user.is_authenticated or visitor_of(request._request)
        workflow = self.get_object()
        return Response(progress_of(workflow, answered_by(known_volunteer(request), workflow) if is_known else 0))


class ConsensusViewSet(PublicRows):
    """Consensus: of retired subjects for everybody, of all subjects for the survey's scientists.

    Volunteers who may still be asked, in whatever workflow, must not see others' votes: the consensus of a training
    subject is shown only to those who have answered it.
    """

    queryset = Consensus.objects.filter(subject__is_synthetic=False).select_related("workflow", "subject")
    serializer_class = ConsensusSerializer
    parameters = {
        "survey": of_survey("workflow__survey"),
        "workflow": WORKFLOW,
        "subject": Parameter("subject", key, "id of a subject"),
        "retired": Parameter("is_retired", truth, "true or false"),
        "min_posterior": Parameter("posterior__gte", fraction, "lowest probability of yes, 0 to 1"),
        "max_posterior": Parameter("posterior__lte", fraction, "highest probability of yes, 0 to 1"),
        "updated_since": UPDATED_SINCE,
    }
    orderings = {"id": "id", "posterior": "posterior", "updated_at": "updated_at", "retired_at": "retired_at"}

    def get_queryset(self) -> QuerySet[Any]:
        seen_whole = Q(workflow__survey__in=surveys_with(self.request, Role.SCIENTIST))
        reader = reader_of(self.request._request)
        own = Classification.objects.standing().filter(workflow=OuterRef("workflow"), subject=OuterRef("subject"))
        answered = Exists(own.filter(volunteer=reader)) if reader else Q(pk=None)
        is_over = Q(subject__gold_label="") & ~Exists(waiting_for(reader, "subject"))
        settled = Q(is_retired=True) & (is_over | answered)
        rows = super().get_queryset().annotate(name=readable_name(self.request.user))
        return rows.filter(settled | seen_whole)


DEFAULT = 10


class NextView(APIView):
    """The next subjects for the requesting volunteer."""

    authentication_classes = ANYBODY
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="workflows_next",
        responses=NextSerializer,
        parameters=[OpenApiParameter("n", int, description=f"how many, 1 to {MOST_LEASES}", default=DEFAULT)],
    )
    def get(self, request: Request, slug: str) -> Response:
        """Lease up to `n` subjects, starting with those already leased to this volunteer.

        A visitor without an account gets two cookies, `wanderer` and `csrftoken`, and sends the second as the header
        X-CSRFToken with their answers.
        """
        refuse_unknown(request, ("n",))
        wanted = number_up_to(request, "n", DEFAULT, MOST_LEASES)
        workflow = workflows_by_slug([slug]).get(slug)
        if workflow is None:
            raise NotFound(f"There is no workflow “{slug}”.")
        volunteer = any_volunteer(request)
        if volunteer.pk is None:
            check_newcomer(request)
        gate = gate_of(workflow, volunteer)
        if not gate.is_open:
            raise PermissionDenied(gate.sentence)
        most = most_leases(volunteer, workflow)
        leases, answered = lease_next(volunteer, workflow, min(wanted, most))
        body = {
            "items": represent_item(leases, workflow),
            "progress": progress_of(workflow, answered),
            "message": "" if len(leases) == wanted else why_no_more(workflow, len(leases) == most),
        }
        response = Response(body, headers={"Cache-Control": "private, no-store"})
        return set_identity_cookies(request._request, response, volunteer)


def why_no_more(workflow: Workflow, holds_enough: bool) -> str:
    if holds_enough:
        return _("More subjects will come once your answers have been sent.")
    if not workflow.is_active:
        return _("This project is paused. Your answers are saved.")
    if workflow.is_training:
        return _(
            "You've answered every practice image here. Your skill page shows what you recognise and "
            "which kinds you still mix up."
        )
    return _(
        "You've answered every open subject, or others are working on the rest. New subjects appear when "
        "more images arrive."
    )
