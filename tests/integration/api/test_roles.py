"""Whatever the schema allows, nobody breaks the API, or reads or changes what their role may not."""

import pytest
import schemathesis
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error

from tests.integration.api.operations import OPERATIONS
from tests.integration.people import account, member
from tests.integration.world import make_volunteer, make_workflow, subjects_of, vote
from webapp.accounts.tokens import make_token
from webapp.archive.models import IngestRun, Membership, Role, Subject, Survey
from webapp.community.collections import Collection
from webapp.learning.models import Checkpoint, Promotion, Score, TrainingRun
from webapp.reports.models import Report
from webapp.review.models import Case, Ruling
from webapp.workflows.models import Workflow

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lasting_connection"), pytest.mark.timeout(600)]

EACH = settings(max_examples=2, database=None, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
HIDDEN = "b7e1-for-scientists"
OF_SCIENTISTS = (Ruling, Case, Report, Score)
OF_ADMINS = (Survey, Membership, Workflow, IngestRun, TrainingRun, Checkpoint, Promotion)
"""What each role may not change; of a workflow and a survey, no other write exists."""

GUARDED = {
    "stranger": (*OF_ADMINS, *OF_SCIENTISTS, Collection),
    Role.VOLUNTEER: (*OF_ADMINS, *OF_SCIENTISTS),
    Role.MODERATOR: (*OF_ADMINS, *OF_SCIENTISTS),
    Role.SCIENTIST: OF_ADMINS,
    Role.ADMIN: (),
}


@pytest.fixture
def rows():
    """A survey with a row of each kind; the rows by the beginning of the path that leads to them."""
    workflow = make_workflow(subjects=3, gold=1)
    scientist = member(workflow.survey, Role.SCIENTIST, "sue")
    subject, *others = subjects_of(workflow)
    for each in (subject, *others):
        vote(make_volunteer(each.external_id), workflow, each)
    Subject.objects.filter(survey=workflow.survey).update(metadata={"#truth": HIDDEN, "#note": HIDDEN})
    run = TrainingRun.objects.create(survey=workflow.survey, workflow=workflow, role="tracklet", state="done")
    checkpoint = Checkpoint.objects.create(
        survey=workflow.survey, role="tracklet", run=run, folder="c", sha256="0", manifest={}, is_champion=True
    )
    Score.objects.create(checkpoint=checkpoint, subject=subject, probabilities=[0.1, 0.9], p_real=0.9, entropy=0.3)
    queued = TrainingRun.objects.create(survey=workflow.survey, workflow=workflow, role="tracklet")
    ingest = IngestRun.objects.create(survey=workflow.survey, path=HIDDEN, subject_set="night")
    ingest.problems.create(file=HIDDEN, row=3, reason="It is empty.")
    ruling = Ruling.objects.create(
        subject=subject, workflow=workflow, scientist=scientist, verdict="yes", label="AST", note=HIDDEN
    )
    return {
        "cases": Case.objects.create(subject=others[0]).pk,
        "checkpoints": checkpoint.pk,
        "collections": Collection.objects.create(owner=make_volunteer("olga"), name=HIDDEN).pk,
        "ingest-runs": ingest.pk,
        "reports": Report.objects.create(survey=workflow.survey, created_by=scientist).pk,
        "rulings": ruling.pk,
        "subjects": subject.pk,
        "training-runs": queued.pk,
    }


def test_a_role_breaks_nothing_and_neither_reads_nor_changes_what_is_not_its_own(rows):
    """Each request is made up once, and sent as each role."""
    headers = {role: {} if role == "stranger" else {"Authorization": f"Token {token_of(role)}"} for role in GUARDED}
    before = {role: guarded(role) for role in GUARDED}

    def check(case, role):
        response = case.call(headers=headers[role])
        case.validate_response(response, checks=[not_a_server_error])
        if role in ("stranger", Role.VOLUNTEER, Role.MODERATOR):
            assert HIDDEN.encode() not in response.content, role
        if response.status_code < 400:  # a refusal may leave this test's transaction unusable
            assert guarded(role) == before[role], role

    for operation in OPERATIONS.values():
        each_request(operation, rows, check)


def guarded(role):
    return [list(model.objects.order_by("pk").values()) for model in GUARDED[role]]


def each_request(operation, rows, check):
    """Check some requests that the schema allows, each of which finds everything as it was."""

    @given(case=operation.as_strategy())
    @EACH
    def holds(case):
        aim(case, rows)
        for role in GUARDED:
            point = transaction.savepoint()
            try:
                check(case, role)
            finally:
                transaction.set_rollback(False)
                transaction.savepoint_rollback(point)

    holds()


def token_of(role):
    survey = Survey.objects.get(slug="atlas")
    user = account("vera") if role == Role.VOLUNTEER else member(survey, role, f"{role}-of-the-api")
    return make_token(user)


def aim(case: schemathesis.Case, rows):
    """Lead a request to rows that exist, which made-up identifiers would not."""
    kind = case.operation.path.split("/")[2]
    existing = {"id": rows.get(kind), "subject": rows["subjects"], "survey": "atlas", "workflow": "atlas"}
    existing |= {"slug": "atlas", "checkpoint": rows["checkpoints"]}
    for part in (case.path_parameters, case.body):
        if isinstance(part, dict):
            part |= {name: value for name, value in existing.items() if name in part and value is not None}
