"""API views of training runs, checkpoints and scores."""

from typing import Any

from django.core.exceptions import ValidationError as ModelValidationError
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.api.learning_serializers import (
    CheckpointSerializer,
    PromoteSerializer,
    RollbackSerializer,
    ScoreSerializer,
    StartTrainingSerializer,
    TrainingRunDetailSerializer,
    TrainingRunSerializer,
)
from webapp.api.pagination import BySubject
from webapp.api.permissions import Conflict, require
from webapp.api.request_body import EmptyBody, asked
from webapp.api.row_views import (
    SURVEY,
    UPDATED_SINCE,
    WORKFLOW,
    Parameter,
    SurveyRows,
    fraction,
    key,
    of_survey,
    one_of,
    truth,
)
from webapp.archive.models import Role, Survey
from webapp.core.jobs import JobState
from webapp.learning.manual_promotion import Unconfirmed, promote_by_hand
from webapp.learning.models import Checkpoint, ModelRole, Score, TrainingRun
from webapp.learning.promotion import ChampionChanged, NoEarlierChampion, champion_of, rollback
from webapp.learning.triggers import AlreadyTraining, start_training


class TrainingRunViewSet(SurveyRows):
    """Training runs; admins start and cancel them."""

    queryset = TrainingRun.objects.select_related("survey", "workflow")
    serializer_class = TrainingRunSerializer
    parameters = {
        "survey": SURVEY,
        "workflow": WORKFLOW,
        "state": one_of("state", JobState.values),
        "updated_since": UPDATED_SINCE,
    }

    @extend_schema(responses=TrainingRunDetailSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One run with its epochs."""
        return Response(TrainingRunDetailSerializer(self.get_object()).data)

    @extend_schema(request=StartTrainingSerializer, responses={201: TrainingRunSerializer})
    def create(self, request: Request) -> Response:
        """Start a run on the workflow's labels (409 if one of it is still open)."""
        sent = asked(StartTrainingSerializer, request)
        admin = require(request, sent["workflow"].survey, Role.ADMIN)
        try:
            run = start_training(**sent, by=admin)
        except AlreadyTraining as error:
            raise Conflict(str(error)) from error
        except ModelValidationError as error:
            raise ValidationError(error.message_dict) from error
        return Response(TrainingRunSerializer(run).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=TrainingRunSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Cancel a waiting run now, a running one at its next epoch; a finished run stays as it is."""
        asked(EmptyBody, request)
        run = self.get_object()
        require(request, run.survey, Role.ADMIN)
        run.request_cancel()
        run.refresh_from_db()
        return Response(TrainingRunSerializer(run).data)


class CheckpointViewSet(SurveyRows):
    """Trained models; admins promote one to champion, or roll back."""

    queryset = Checkpoint.objects.select_related("survey").prefetch_related("evaluations")
    serializer_class = CheckpointSerializer
    parameters = {
        "survey": SURVEY,
        "role": one_of("role", ModelRole.values),
        "champion": Parameter("is_champion", truth, "true or false"),
        "updated_since": UPDATED_SINCE,
    }

    @extend_schema(request=PromoteSerializer, responses=CheckpointSerializer)
    @action(detail=True, methods=["post"])
    def promote(self, request: Request, pk: str) -> Response:
        """Make the checkpoint champion and score the archive with it; no effect on the champion.

        One that diverged, failed the gate or was never evaluated takes `is_confirmed` and a reason; else 409. So does
        one that would replace another champion than the model `replaces`.
        """
        checkpoint = self.get_object()
        admin = require(request, checkpoint.survey, Role.ADMIN)
        sent = asked(PromoteSerializer, request)
        try:
            promote_by_hand(checkpoint=checkpoint, by=admin, **sent)
        except Unconfirmed as error:
            raise Conflict(" ".join(error.messages)) from error
        except ChampionChanged as error:
            raise Conflict(str(error)) from error
        return self._answer(checkpoint)

    @extend_schema(request=RollbackSerializer, responses=CheckpointSerializer)
    @action(detail=False, methods=["post"])
    def rollback(self, request: Request) -> Response:
        """Make the previous champion the champion again and return it (409 without one, or if it is not model `to`)."""
        sent = asked(RollbackSerializer, request)
        survey = get_object_or_404(Survey, slug=sent.pop("survey"))
        admin = require(request, survey, Role.ADMIN)
        try:
            rollback(survey=survey, by=admin, **sent)
        except NoEarlierChampion as error:
            raise Conflict(str(error)) from error
        return Response(CheckpointSerializer(champion_of(survey, sent["role"])).data)

    def _answer(self, checkpoint: Checkpoint) -> Response:
        checkpoint.refresh_from_db()
        return Response(CheckpointSerializer(checkpoint).data)


class ScoreViewSet(SurveyRows):
    """Model scores, ordered by subject."""

    queryset = Score.objects.filter(subject__is_synthetic=False).select_related("subject")
    serializer_class = ScoreSerializer
    pagination_class = BySubject
    survey_path = "checkpoint__survey"
    parameters = {
        "survey": of_survey("checkpoint__survey"),
        "checkpoint": Parameter("checkpoint", key, "id of a checkpoint"),
        "champion": Parameter("checkpoint__is_champion", truth, "true or false"),
        "subject": Parameter("subject", key, "id of a subject"),
        "min_p_real": Parameter("p_real__gte", fraction, "lowest probability of being real, 0 to 1"),
        "max_p_real": Parameter("p_real__lte", fraction, "highest probability of being real, 0 to 1"),
    }
    orderings = {"p_real": "p_real", "entropy": "entropy"}
