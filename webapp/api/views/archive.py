from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.api.access import surveys_with
from webapp.api.filters import SURVEY, Parameter, word
from webapp.api.serializers.archive import SubjectDetailSerializer, SubjectSerializer, SurveySerializer
from webapp.api.views.rows import PublicRows
from webapp.archive.models import Kind, Membership, Role, Subject, Survey
from webapp.archive.telling import with_told


class SurveyViewSet(PublicRows):
    """Sky surveys: the owners of subjects, workflows and models."""

    queryset = Survey.objects.all()
    serializer_class = SurveySerializer
    lookup_field = "slug"


def known_as_drawn(request: Request) -> Q:
    return Q(is_synthetic=True, survey__in=surveys_with(request, Role.SCIENTIST))


class SubjectViewSet(PublicRows):
    """What is classified: stamps, tracklets, cutouts and cubes."""

    queryset = Subject.objects.select_related("survey")
    serializer_class = SubjectSerializer
    parameters = {
        "survey": SURVEY,
        "external_id": Parameter("external_id", word, "the survey's own name of the subject"),
        "kind": Parameter("kind", word, f"one of {', '.join(Kind.values)}"),
        "set": Parameter("sets__name", word, "name of a set of subjects"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        """Tell scientists which were drawn for training, by leaving them out; nobody else tells them from the rest."""
        rows = with_told(super().get_queryset(), self.request.user)
        return rows if self.detail else rows.exclude(known_as_drawn(self.request))

    @extend_schema(responses=SubjectDetailSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One subject with its frames; its class is told to the survey's scientists only."""
        subject = self.get_object()
        is_scientist = Membership.objects.allows(request.user, subject.survey, Role.SCIENTIST)
        return Response(SubjectDetailSerializer(subject, context={"is_scientist": is_scientist}).data)
