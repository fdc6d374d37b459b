"""API views of rulings, one or many at once, and of cases."""

from typing import Any, cast

from django.core.exceptions import ValidationError as ModelValidationError
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.api.permissions import Conflict, require
from webapp.api.request_body import EmptyBody, asked
from webapp.api.row_views import (
    UPDATED_SINCE,
    WORKFLOW,
    Parameter,
    SurveyRows,
    key,
    listed,
    moment,
    of_survey,
    one_of,
    truth,
    word,
)
from webapp.api.ruling_serializers import (
    BulkCaseSerializer,
    BulkChangedSerializer,
    BulkRuledSerializer,
    BulkRuleSerializer,
    BulkSubjectsSerializer,
    CaseSerializer,
    ChangeCaseSerializer,
    RuleSerializer,
    RulingSerializer,
    SecondOpinionSerializer,
)
from webapp.archive.models import Role, Subject
from webapp.review.bulk import change_cases, give_verdicts
from webapp.review.bulk_undo import withdraw_verdicts
from webapp.review.cases import change_case
from webapp.review.models import Case, Ruling, RulingQuerySet, Verdict
from webapp.review.opinions import NotOwnVerdict, ask_about, give_verdict, withdraw_own
from webapp.review.rulings import AlreadyWithdrawn, SubjectVerdict


class RulingViewSet(SurveyRows):
    """Scientists' verdicts. None is ever deleted; withdrawn ones have a time of withdrawal."""

    queryset = Ruling.objects.select_related(
        "workflow", "subject__survey", "scientist", "withdrawn_by", "second_asked_by"
    ).prefetch_related("opinions__scientist")
    serializer_class = RulingSerializer
    survey_path = "subject__survey"
    parameters = {
        "workflow": WORKFLOW,
        "subject": Parameter("subject", key, "id of a subject"),
        "standing": Parameter("withdrawn_at__isnull", truth, "true or false"),
        "survey": of_survey("workflow__survey"),
        "scientist": Parameter("scientist__username", word, "user name"),
        "verdict": one_of("verdict", Verdict.values),
        "created_since": Parameter("created_at__gte", moment, "given at this time (ISO 8601) or later"),
        "updated_since": UPDATED_SINCE,
        "withdrawn_since": Parameter("withdrawn_at__gte", moment, "withdrawn at this time (ISO 8601) or later"),
    }
    orderings = {"id": "id", "created_at": "created_at", "withdrawn_at": "withdrawn_at"}

    @extend_schema(request=RuleSerializer, responses={201: RulingSerializer})
    def create(self, request: Request) -> Response:
        """Rule on a subject: it becomes gold and retires. A later verdict of yours replaces your earlier one.

        Where a colleague's ruling stands, yours becomes a second opinion on it, unless it `overrules`; returns the
        ruling in force.
        """
        sent = asked(RuleSerializer, request)
        scientist = require(request, sent["workflow"].survey, Role.SCIENTIST)
        subject = get_object_or_404(Subject.objects.select_related("survey"), pk=sent.pop("subject"))
        require(request, subject.survey, Role.SCIENTIST)
        try:
            given = give_verdict(**sent, subject=subject, scientist=scientist)
        except ModelValidationError as error:
            raise ValidationError(error.message_dict) from error
        ruling = given if isinstance(given, Ruling) else given.ruling
        return Response(self._shown(ruling), status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=RulingSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Withdraw your second opinion on a ruling or, if it is yours, the ruling.

        The colleague's that it replaced stands again; without one, volunteers decide again. A colleague's
        verdict stays (403). One that is not in force cannot be withdrawn (409).
        """
        return self._withdrawn(request, is_undo=False)

    @extend_schema(request=None, responses=RulingSerializer)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str) -> Response:
        """Undo your second opinion on a ruling or, if it is yours, the ruling, as if you had never given it.

        What it replaced stands again, your own earlier verdict, too. Refuses as `withdraw` does.
        """
        return self._withdrawn(request, is_undo=True)

    def _withdrawn(self, request: Request, *, is_undo: bool) -> Response:
        asked(EmptyBody, request)
        ruling = self.get_object()
        scientist = require(request, ruling.subject.survey, Role.SCIENTIST)
        try:
            withdraw_own(ruling=ruling, by=scientist, is_undo=is_undo)
        except AlreadyWithdrawn as error:
            raise Conflict(str(error)) from error
        except NotOwnVerdict as error:
            raise PermissionDenied(str(error)) from error
        return Response(self._shown(ruling))

    @extend_schema(request=SecondOpinionSerializer, responses=RulingSerializer)
    @action(detail=True, methods=["post"], url_path="second-opinion")
    def second_opinion(self, request: Request, pk: str) -> Response:
        """Ask colleagues for a second opinion on a ruling in force (else 409), or no longer."""
        ruling = self.get_object()
        scientist = require(request, ruling.subject.survey, Role.SCIENTIST)
        sent = asked(SecondOpinionSerializer, request)
        try:
            ask_about(ruling=ruling, by=scientist, is_wanted=sent["wanted"])
        except AlreadyWithdrawn as error:
            raise Conflict(str(error)) from error
        return Response(self._shown(ruling))

    def get_queryset(self) -> RulingQuerySet:
        """Return the rulings; a search by verdict leaves out those that the reader is to judge without."""
        rows, reader = cast(RulingQuerySet, super().get_queryset()), self.request.user
        if "verdict" in self.request.query_params:
            rows = rows.exclude(pk__in=Ruling.objects.hidden_from(reader))
        return rows.with_hidden(reader)

    def _shown(self, ruling: Ruling) -> dict[str, Any]:
        """Return the ruling as it is now, with its second opinions."""
        return dict(RulingSerializer(self.get_queryset().get(pk=ruling.pk)).data)

    @extend_schema(request=BulkRuleSerializer, responses={201: BulkRuledSerializer})
    @action(detail=False, methods=["post"])
    def bulk(self, request: Request) -> Response:
        """Rule on up to 500 subjects of one workflow, all or none.

        Where a colleague's ruling stands, yours becomes a second opinion on it, unless it `overrules`.
        """
        sent = asked(BulkRuleSerializer, request)
        workflow = sent["workflow"]
        scientist = require(request, workflow.survey, Role.SCIENTIST)
        verdicts = [SubjectVerdict(**each) for each in sent["rulings"]]
        try:
            done = give_verdicts(workflow, verdicts, scientist=scientist, overrules=sent["overrules"])
        except ModelValidationError as error:
            raise ValidationError(error.message_dict) from error
        ruled = sum(isinstance(each, Ruling) for each in done)
        counts = {"rulings": ruled, "second_opinions": len(done) - ruled}
        return Response(counts, status=status.HTTP_201_CREATED)

    @extend_schema(request=BulkSubjectsSerializer, responses=BulkChangedSerializer)
    @action(detail=False, methods=["post"], url_path="bulk-withdraw")
    def bulk_withdraw(self, request: Request) -> Response:
        """Withdraw your own verdicts and second opinions on up to 500 subjects; colleagues' stay."""
        return self._all_withdrawn(request, is_undo=False)

    @extend_schema(request=BulkSubjectsSerializer, responses=BulkChangedSerializer)
    @action(detail=False, methods=["post"], url_path="bulk-undo")
    def bulk_undo(self, request: Request) -> Response:
        """Undo your newest verdict or second opinion on each of up to 500 subjects: what it replaced stands again."""
        return self._all_withdrawn(request, is_undo=True)

    def _all_withdrawn(self, request: Request, *, is_undo: bool) -> Response:
        sent = asked(BulkSubjectsSerializer, request)
        scientist = require(request, sent["workflow"].survey, Role.SCIENTIST)
        try:
            changed = withdraw_verdicts(**sent, by=scientist, is_undo=is_undo)
        except ModelValidationError as error:
            raise ValidationError(error.message_dict) from error
        return Response({"changed": changed})


class CaseViewSet(SurveyRows):
    """What scientists keep about subjects besides verdicts: hold, assignee and tags."""

    queryset = Case.objects.select_related("subject__survey", "assignee")
    serializer_class = CaseSerializer
    survey_path = "subject__survey"
    parameters = {
        "survey": of_survey("subject__survey"),
        "subject": Parameter("subject", key, "id of a subject"),
        "held": Parameter("is_on_hold", truth, "true or false"),
        "assignee": Parameter("assignee__username", word, "user name"),
        "tag": Parameter("tags__contains", listed, "a tag"),
        "updated_since": UPDATED_SINCE,
    }
    orderings = {"id": "id", "updated_at": "updated_at"}

    @extend_schema(request=ChangeCaseSerializer, responses=CaseSerializer)
    def create(self, request: Request) -> Response:
        """Hold, release, assign, unassign, tag, untag or note a subject."""
        sent = asked(ChangeCaseSerializer, request)
        subject = get_object_or_404(Subject.objects.select_related("survey"), pk=sent.pop("subject"))
        scientist = require(request, subject.survey, Role.SCIENTIST)
        try:
            case = change_case(subject=subject, by=scientist, **sent)
        except ModelValidationError as error:
            raise ValidationError(error.message_dict) from error
        return Response(CaseSerializer(case).data)

    @extend_schema(request=BulkCaseSerializer, responses=BulkChangedSerializer)
    @action(detail=False, methods=["post"])
    def bulk(self, request: Request) -> Response:
        """Hold, release, assign, unassign, tag, untag or note up to 500 subjects, all or none."""
        sent = asked(BulkCaseSerializer, request)
        scientist = require(request, sent["workflow"].survey, Role.SCIENTIST)
        try:
            events = change_cases(**sent, by=scientist)
        except ModelValidationError as error:
            raise ValidationError(error.message_dict) from error
        return Response({"changed": len(events)})
