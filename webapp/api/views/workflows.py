from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.api.access import surveys_with
from webapp.api.filters import SURVEY, WORKFLOW, Parameter, key, truth
from webapp.api.identity import ANYBODY, known_volunteer
from webapp.api.serializers.items import Progress
from webapp.api.serializers.workflows import ConsensusSerializer, WorkflowSerializer
from webapp.api.views.rows import PublicRows
from webapp.archive.models.survey import Role
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus
from webapp.queue.counts import progress_of
from webapp.queue.models import QueueEntry
from webapp.volunteers.identity import reader_of, visitor_of
from webapp.workflows.models import Workflow


class WorkflowViewSet(PublicRows):
    """Questions that volunteers answer, and the rules by which an answer is settled."""

    queryset = Workflow.objects.select_related("survey")
    serializer_class = WorkflowSerializer
    lookup_field = "slug"
    parameters = {"survey": SURVEY}

    @extend_schema(responses=Progress)
    @action(detail=True, authentication_classes=ANYBODY)
    def progress(self, request: Request, slug: str) -> Response:
        """How far the workflow and the volunteer who asks are."""
        is_known = request.user.is_authenticated or visitor_of(request._request)
        return Response(progress_of(known_volunteer(request) if is_known else None, self.get_object()))


class ConsensusViewSet(PublicRows):
    """What the votes add up to: of retired subjects for everybody, of all for the survey's scientists.

    Whoever may yet be asked should not know what others said: one that is served as training is told to those alone
    who have answered it.
    """

    queryset = Consensus.objects.filter(subject__is_synthetic=False).select_related("workflow", "subject")
    serializer_class = ConsensusSerializer
    parameters = {
        "survey": Parameter("workflow__survey__slug", SURVEY.read, SURVEY.description),
        "workflow": WORKFLOW,
        "subject": Parameter("subject", key, "id of a subject"),
        "retired": Parameter("is_retired", truth, "true or false"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        seen_whole = Q(workflow__survey__in=surveys_with(self.request, Role.SCIENTIST))
        reader = reader_of(self.request._request)
        own = Classification.objects.standing().filter(workflow=OuterRef("workflow"), subject=OuterRef("subject"))
        answered = Exists(own.filter(volunteer=reader)) if reader else Q(pk=None)
        trained = QueueEntry.objects.filter(subject=OuterRef("subject"), is_gold=True)
        settled = Q(is_retired=True) & (Q(subject__gold_label="") & ~Exists(trained) | answered)
        return super().get_queryset().filter(settled | seen_whole)
