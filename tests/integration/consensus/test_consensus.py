"""The consensus of votes, and when a subject retires."""

from itertools import permutations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.world import entry_of, make_volunteer, make_workflow, recount, subjects_of, vote
from webapp.consensus.apply_votes import recompute_subjects
from webapp.consensus.models import Consensus, Skill
from webapp.consensus.recompute import catch_up
from webapp.consensus.retirement_preview import preview_rules
from webapp.consensus.skills import truth_changed
from webapp.queue.models import QueueEntry

pytestmark = pytest.mark.django_db


def test_every_order_of_four_votes_gives_one_posterior():
    workflow = make_workflow(subjects=24, max_votes=4, min_votes=4)
    people = [make_volunteer(f"v{i}") for i in range(4)]
    answers = ["yes", "no", "unsure", "yes"]
    for subject, order in zip(subjects_of(workflow), permutations(range(4)), strict=True):
        for i in order:
            vote(people[i], workflow, subject, answers[i])
    assert len(set(Consensus.objects.values_list("posterior", flat=True))) == 1


@pytest.mark.parametrize(
    ("answers", "retired"),
    [
        (["yes", "yes"], ""),
        (["yes", "yes", "yes"], "consensus"),
        (["yes", "yes", "no"], ""),
        (["yes", "yes", "no", "yes", "yes"], "consensus"),
        (["yes", "unsure", "unsure"], ""),
        (["unsure"] * 6, "classification_count"),
        (["yes", "no"] * 3, "classification_count"),
    ],
)
def test_a_majority_settles_with_enough_votes_that_decided(answers, retired):
    workflow = make_workflow(subjects=1, method="majority", min_votes=3, max_votes=6, majority=0.8)
    (subject,) = subjects_of(workflow)
    for i, answer in enumerate(answers):
        vote(make_volunteer(f"v{i}"), workflow, subject, answer)
    row = Consensus.objects.get()
    assert (row.is_retired, row.retired_reason) == (bool(retired), retired)
    assert entry_of(workflow, subject).is_retired is bool(retired)


def test_swap_retires_by_posterior_once_there_are_enough_votes():
    workflow = make_workflow(
        subjects=1, gold=10, min_votes=2, max_votes=9, accept_threshold=0.95, reject_threshold=0.05
    )
    people = [make_volunteer(f"v{i}") for i in range(3)]
    for person in people:
        for subject in subjects_of(workflow, gold=True):
            vote(person, workflow, subject, subject.gold_answer())
    (subject,) = subjects_of(workflow)
    vote(people[0], workflow, subject, "yes")
    row = Consensus.objects.get(subject=subject)
    assert not row.is_retired
    vote(people[1], workflow, subject, "yes")
    row.refresh_from_db()
    assert row.posterior > 0.95
    assert row.retired_reason == "consensus"


@pytest.mark.parametrize(
    ("answers", "retired", "label"),
    [
        (["unsure"] * 3, "", ""),
        (["no", "no", "unsure"], "", ""),
        (["no", "no", "unsure", "no"], "consensus", "no"),
        (["unsure"] * 5, "classification_count", ""),
    ],
)
def test_a_prior_beyond_a_threshold_retires_nothing_before_enough_votes_that_decided(answers, retired, label):
    workflow = make_workflow(subjects=1, prior=0.005, reject_threshold=0.01, min_votes=3, max_votes=5)
    (subject,) = subjects_of(workflow)
    for i, answer in enumerate(answers):
        vote(make_volunteer(f"v{i}"), workflow, subject, answer)
    row = Consensus.objects.get()
    assert row.posterior < 0.01
    assert (row.retired_reason, row.label) == (retired, label)
    assert entry_of(workflow, subject).is_retired is bool(retired)
    recount(workflow)
    row.refresh_from_db()
    assert (row.retired_reason, row.label) == (retired, label)
    assert preview_rules(workflow).retired_then == bool(retired)


def test_its_version_counts_the_changes_of_its_votes():
    workflow = make_workflow(subjects=1)
    (subject,) = subjects_of(workflow)
    for name in "abc":
        vote(make_volunteer(name), workflow, subject)
    recount(workflow)
    assert Consensus.objects.get().version == 3


@pytest.mark.parametrize("method", ["swap-one-coin", "swap-two-coin"])
def test_unsure_from_a_newcomer_is_not_half_a_yes(method):
    workflow = make_workflow(subjects=1, method=method, prior=0.2)
    (subject,) = subjects_of(workflow)
    vote(make_volunteer(), workflow, subject, "unsure")
    assert Consensus.objects.get().posterior == pytest.approx(0.2)


def test_unsure_tells_what_the_volunteers_own_record_says_it_tells():
    workflow = make_workflow(subjects=1, gold=12, method="swap-two-coin")
    ann = make_volunteer("ann")
    for subject in subjects_of(workflow, gold=True):
        vote(ann, workflow, subject, "unsure" if subject.gold_answer() == "yes" else "no")
    (subject,) = subjects_of(workflow)
    vote(ann, workflow, subject, "unsure")
    assert 0.5 < Consensus.objects.get(subject=subject).posterior < 0.6  # little, after twelve answers


def test_gold_teaches_skill_and_is_never_retired():
    workflow = make_workflow(subjects=0, gold=2, min_votes=1, max_votes=1)
    ann = make_volunteer("ann")
    no, yes = subjects_of(workflow, gold=True)
    vote(ann, workflow, no, "no")
    vote(ann, workflow, yes, "unsure")
    assert Skill.objects.get().counts() == [[1, 0, 0], [0, 0, 1]]
    assert not Consensus.objects.filter(is_retired=True).exists()
    assert not QueueEntry.objects.filter(is_retired=True).exists()


def test_what_a_person_retired_stays_retired():
    workflow = make_workflow(subjects=1)
    (subject,) = subjects_of(workflow)
    vote(make_volunteer(), workflow, subject)
    Consensus.objects.update(is_retired=True, retired_reason="human")
    recompute_subjects(workflow, [subject.pk])
    assert entry_of(workflow, subject).is_retired
    vote(make_volunteer(), workflow, subject, "no")
    recount(workflow)
    row = Consensus.objects.get()
    assert (row.votes, row.is_retired, row.retired_reason) == (2, True, "human")


def test_a_new_truth_changes_the_skill_of_those_who_had_answered():
    workflow = make_workflow(subjects=1)
    ann = make_volunteer("ann")
    (subject,) = subjects_of(workflow)
    vote(ann, workflow, subject, "yes")
    assert not Skill.objects.exists()
    subject.gold_label = "CR"
    subject.save()
    truth_changed([subject.pk])
    assert catch_up(workflow) == 1
    assert catch_up(workflow) == 0
    assert Skill.objects.get().counts() == [[0, 1, 0], [0, 0, 0]]


def test_refresh_takes_as_many_queries_for_twenty_subjects_as_for_one():
    workflow = make_workflow(subjects=20)
    people = [make_volunteer(f"v{i}") for i in range(3)]
    for subject in subjects_of(workflow):
        for person in people:
            vote(person, workflow, subject, "no")
    subjects = [subject.pk for subject in subjects_of(workflow)]
    counts = []
    for some in (subjects[:1], subjects):
        with CaptureQueriesContext(connection) as queries:
            recompute_subjects(workflow, some)
        counts.append(len(queries))
    assert counts[0] == counts[1]
