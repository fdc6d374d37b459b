"""Both arms of a demonstration start alike: the same subjects in the same order, and crowds that draw alike."""

from dataclasses import replace
from unittest.mock import Mock

import pytest
from django.utils import timezone

from tests.integration.world import make_subject, make_volunteer, vote
from webapp.archive.models import SubjectSet
from webapp.consensus.models import Consensus
from webapp.console.demo.config import ATLAS, Truth
from webapp.console.demo.experiment_arm import Arm
from webapp.console.demo.runner import leave_to_people
from webapp.console.demo.setup import POOL, Stage, open_demo_survey, open_demo_workflow, open_stage
from webapp.console.demo.simulated_crowd import recruit
from webapp.learning.models import Checkpoint, ScoringRun, TrainingRun
from webapp.learning.test_sets import is_test_group
from webapp.queue.leases import lease_next
from webapp.queue.models import QueueEntry
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

pytestmark = pytest.mark.django_db
PLAN = replace(ATLAS, kind="tracklet")  # the kind of the test's subjects


@pytest.fixture
def arms():
    survey = open_demo_survey(PLAN)
    members = SubjectSet.objects.create(survey=survey, name=POOL)
    gold = ["AST" if number % 4 == 0 else "" for number in range(120)]
    members.subjects.set([make_subject(survey, f"s-{number}", label) for number, label in enumerate(gold)])
    return [open_demo_workflow(PLAN, survey, arm, seed=1) for arm in ("main", "control")]


def external_ids(workflow, order):
    return list(
        QueueEntry.objects.filter(workflow=workflow).order_by(order).values_list("subject__external_id", flat=True)
    )


def test_the_guided_arm_starts_in_the_order_of_the_control(arms):
    main, control = arms
    assert external_ids(main, "-priority") == external_ids(main, "random_key") == external_ids(control, "random_key")
    assert external_ids(main, "random_key") != external_ids(main, "pk")


def test_members_of_one_name_get_the_same_subjects_in_both_arms(arms):
    lent = []
    for workflow in arms:
        recruit(3, 1, workflow.slug)
        for volunteer in Volunteer.objects.filter(user__username__endswith=f"@{workflow.slug}").order_by("pk"):
            leases = lease_next(volunteer, workflow, 20).leases
            lent.append(sorted(lease.entry.subject.external_id for lease in leases))
    assert lent[:3] == lent[3:]
    assert lent[0] != lent[1]


def test_each_workflow_has_its_own_accounts(arms):
    for workflow in arms:
        recruit(2, 1, workflow.slug)
    assert Volunteer.objects.filter(is_simulated=True).count() == 4


def test_an_arm_gives_every_figure_with_its_interval(arms):
    workflow = arms[0]
    entries = list(workflow.queue.filter(is_gold=False).select_related("subject").order_by("pk")[:20])
    ann, ben = make_volunteer("ann"), make_volunteer("ben")
    for number, entry in enumerate(entries):
        for volunteer in (ann, ben)[: 1 + number % 2]:
            vote(volunteer, workflow, entry.subject, "yes" if number < 10 else "no")
    Consensus.objects.filter(workflow=workflow).update(is_retired=True)
    Consensus.objects.filter(subject__in=[entry.subject_id for entry in entries[:10]]).update(posterior=0.99)
    real = {entry.subject.external_id for entry in entries[:5]}
    predicted = {entry.subject.external_id: 0.9 - 0.04 * number for number, entry in enumerate(entries)}
    arm = Arm(workflow, Mock(), Mock(is_real=lambda keys: [key in real for key in keys]), False, 1, lambda _: predicted)
    row = {"survey": workflow.survey, "role": "tracklet"}
    run = TrainingRun.objects.create(**row, workflow=workflow, state="done")
    checkpoint = Checkpoint.objects.create(**row, run=run, manifest={})
    ScoringRun.objects.create(survey=workflow.survey, checkpoint=checkpoint, finished_at=timezone.now())
    outcome = arm.finish(1, run, Mock())
    assert (outcome.votes, outcome.movers_found, outcome.model_auc) == (30, 5, 1.0)
    assert outcome.movers_per_100_votes == pytest.approx(100 / 6)
    for name in ("movers_found", "movers_per_100_votes", "model_precision", "model_auc"):
        low, high = getattr(outcome, f"{name}_interval")
        assert low <= getattr(outcome, name) <= high
    low, high = outcome.movers_per_100_votes_interval
    assert 0 < low < 10 < 25 < high < 100


def test_a_demonstration_asks_in_the_readers_language(client):
    plan = replace(PLAN, question="Field guide")  # which the catalogues have
    survey = open_demo_survey(plan)
    SubjectSet.objects.create(survey=survey, name=POOL)
    open_stage(plan, survey, Truth({}, plan.positive), seed=1)
    for language, question in (("en", "Field guide"), ("de", "Bestimmungsführer"), ("es", "Guía de campo")):
        page = client.get("/", headers={"accept-language": language}).content.decode()
        assert question in page
        assert ATLAS.name in page


def test_people_who_come_after_it_begin_with_practice_and_can_undo(arms):
    main, control = arms
    leave_to_people(Stage(PLAN, main.survey, Truth({}, ()), main, control))
    left = Workflow.objects.get(pk=main.pk)
    assert all(lease.entry.is_gold for lease in lease_next(make_volunteer("ann"), left, 5).leases)
    assert left.undo_seconds > 0


def test_newcomers_after_it_are_offered_practice_that_keeps_to_the_gold_to_train_on(arms, client):
    main, control = arms
    leave_to_people(Stage(PLAN, main.survey, Truth({}, ()), main, control))
    practice = Workflow.objects.get(survey=main.survey, is_training=True)
    entries = list(practice.queue.select_related("subject"))
    assert 5 < len(entries) < 30, "a part of the gold is the test set's"
    assert all(each.is_gold and not is_test_group(each.subject.object_group) for each in entries)
    assert main.queue.count() == control.queue.count() == 120
    offered = client.get(f"/classify/{main.slug}/").content.decode()
    assert f'<a class="button" href="/classify/{practice.slug}/">Practise first</a>' in offered
