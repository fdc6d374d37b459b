"""Two workflows about the same subjects: once no verdict is left, volunteers vote on a subject in both."""

import pytest

from tests.integration.learning import sky
from webapp.queue.leases import lease_next
from webapp.queue.membership import end_training, enqueue_subjects
from webapp.queue.models import QueueEntry
from webapp.review.rulings import rule, withdraw_ruling
from webapp.review.verdict_panel import workflow_of
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db


@pytest.fixture
def subject(subjects):
    return subjects[0]


@pytest.fixture
def other(workflow, subjects):
    other = sky.workflow(workflow.survey, slug="other")
    other.subject_sets.set(workflow.subject_sets.all())
    return other


def is_asked_about(subject, *workflows):
    """Return whether a volunteer of each workflow gets all subjects, and this one not for practice."""
    for workflow in workflows:
        leases = lease_next(Volunteer.objects.create(), workflow, 6).leases
        assert not subject.queue_entries.get(workflow=workflow).is_gold
        assert subject in {lease.entry.subject for lease in leases}
    return True


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_verdicts_in_both_are_withdrawn_in_either_order(workflow, other, subject, scientist, order):
    enqueue_subjects(other)
    rulings = [rule(subject=subject, workflow=each, scientist=scientist, verdict="yes") for each in (workflow, other)]
    for place in order:
        withdraw_ruling(ruling=rulings[place], by=scientist)
    assert is_asked_about(subject, workflow, other)


def test_a_workflow_that_began_with_the_verdict_asks_when_it_is_withdrawn(workflow, other, subject, scientist):
    ruling = rule(subject=subject, workflow=workflow, scientist=scientist, verdict="yes")
    enqueue_subjects(other)
    assert subject.queue_entries.get(workflow=other).is_gold
    withdraw_ruling(ruling=ruling, by=scientist)
    assert is_asked_about(subject, workflow, other)


@pytest.mark.parametrize("began", ["before", "after"])
def test_a_verdict_that_is_public_trains_nobody_in_a_workflow_that_begins_with_it(
    workflow, other, subject, scientist, began
):
    rule(subject=subject, workflow=workflow, scientist=scientist, verdict="yes")
    if began == "before":
        enqueue_subjects(other)
    end_training([subject.pk])
    if began == "after":
        enqueue_subjects(other)
    entry = subject.queue_entries.get(workflow=other)
    assert (entry.is_gold, entry.is_public) == (False, True)
    rule(subject=subject, workflow=other, scientist=scientist, verdict="yes")
    assert not QueueEntry.objects.filter(subject=subject, is_gold=True)


def test_a_subject_that_came_with_its_class_trains_in_a_workflow_that_begins_after_it_is_public(
    workflow, other, subject
):
    sky.make_gold([subject], [True])
    end_training([subject.pk])
    enqueue_subjects(other)
    assert subject.queue_entries.get(workflow=other).is_gold


def test_a_verdict_is_not_given_in_practice_while_another_workflow_asks(workflow, subject):
    practice = sky.workflow(workflow.survey, slug="a-practice", is_training=True)
    sky.queue(practice, [subject])
    sky.votes(practice, subject, 0.9)
    assert workflow_of(workflow.survey, subject) == workflow
    workflow.queue.all().delete()
    assert workflow_of(workflow.survey, subject) == practice


def test_a_workflow_whose_verdict_is_withdrawn_asks_again_though_one_stands_in_another(
    workflow, other, subject, scientist
):
    enqueue_subjects(other)
    rule(subject=subject, workflow=workflow, scientist=scientist, verdict="yes")
    assert is_asked_about(subject, other)
    withdraw_ruling(ruling=rule(subject=subject, workflow=other, scientist=scientist, verdict="no"), by=scientist)
    assert is_asked_about(subject, other)


def test_a_training_subject_stays_one_when_a_verdict_on_it_is_withdrawn(workflow, subject, scientist):
    sky.make_gold([subject], [True])
    workflow.queue.filter(subject=subject).update(is_gold=True)
    withdraw_ruling(ruling=rule(subject=subject, workflow=workflow, scientist=scientist, verdict="no"), by=scientist)
    assert subject.queue_entries.get(workflow=workflow).is_gold
    withdraw_ruling(ruling=rule(subject=subject, workflow=workflow, scientist=scientist, verdict="yes"), by=scientist)
    assert subject.queue_entries.get(workflow=workflow).is_gold
