"""An answer counts once its volunteer has answered another or its undo time is over; undo before leaves no trace."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.integration.world import end_grace, entry_of, make_volunteer, make_workflow, subjects_of, vote
from webapp.classifications.models import Classification
from webapp.classify.record import Item
from webapp.classify.submit import commit_pending, submit, undo
from webapp.consensus.models import Consensus, Skill

pytestmark = pytest.mark.django_db


def answer(volunteer, workflow, *subjects, say="yes"):
    return submit(volunteer, workflow, [Item(uuid.uuid4(), subject.pk, say) for subject in subjects])


def test_the_newest_answer_waits_and_holds_its_place():
    workflow = make_workflow(subjects=2, min_votes=1, max_votes=1)
    first, second = subjects_of(workflow)
    ann = make_volunteer("ann")
    (given,) = answer(ann, workflow, first)
    assert given.votes == {"yes": 1, "no": 0, "unsure": 0}
    assert not Consensus.objects.exists()
    assert entry_of(workflow, first).open_slots == 0
    answer(ann, workflow, second)
    assert [row.subject for row in Consensus.objects.all()] == [first]
    assert entry_of(workflow, first).is_retired
    assert not entry_of(workflow, second).is_retired


def test_it_counts_when_the_grace_has_ended():
    workflow = make_workflow(subjects=1, gold=1)
    ann, (gold,) = make_volunteer("ann"), subjects_of(workflow, gold=True)
    answer(ann, workflow, gold, say="no")
    assert commit_pending() == 0
    assert not Skill.objects.exists()
    assert end_grace() == 1
    assert Skill.objects.get().true_no_said_no == 1
    assert end_grace() == 0


def test_it_counts_too_if_it_was_given_before_the_clock_was_set_back():
    workflow = make_workflow(subjects=1)
    answer(make_volunteer("ann"), workflow, *subjects_of(workflow))
    Classification.objects.update(created_at=timezone.now() + timedelta(hours=1))
    assert commit_pending() == 1


def test_an_answer_undone_in_time_has_never_counted():
    workflow = make_workflow(subjects=1)
    ann, (subject,) = make_volunteer("ann"), subjects_of(workflow)
    (given,) = answer(ann, workflow, subject)
    undo(ann, given.recorded.classification.pk)
    assert end_grace() == 0
    assert not Consensus.objects.exists()
    assert entry_of(workflow, subject).open_slots == workflow.min_votes - 1  # ann holds it again


def test_an_answer_that_counted_may_still_be_undone():
    workflow = make_workflow(subjects=2)
    ann, (first, second) = make_volunteer("ann"), subjects_of(workflow)
    (given,) = answer(ann, workflow, first)
    answer(ann, workflow, second)
    undo(ann, given.recorded.classification.pk)
    assert not Consensus.objects.filter(subject=first).exists()


def test_a_replay_of_the_newest_answer_is_no_going_on():
    workflow = make_workflow(subjects=1)
    ann, (subject,) = make_volunteer("ann"), subjects_of(workflow)
    item = Item(uuid.uuid4(), subject.pk, "yes")
    submit(ann, workflow, [item])
    submit(ann, workflow, [item])
    assert not Classification.objects.counted().exists()


def test_without_a_grace_period_an_answer_counts_at_once():
    workflow = make_workflow(subjects=1, undo_seconds=0)
    ann, (subject,) = make_volunteer("ann"), subjects_of(workflow)
    answer(ann, workflow, subject)
    assert Consensus.objects.get().votes == 1


def test_going_on_in_one_workflow_leaves_the_other_alone():
    one, other = make_workflow(subjects=1), make_workflow(subjects=1, slug="other")
    ann = make_volunteer("ann")
    answer(ann, one, *subjects_of(one))
    vote(ann, other, subjects_of(other)[0])
    assert Consensus.objects.get().workflow == other
