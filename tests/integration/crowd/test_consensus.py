"""What the votes add up to: the same in any order, and the same when added up anew."""

import random
from datetime import timedelta
from itertools import permutations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.integration.crowd.world import entry_of, make_volunteer, make_workflow, subjects_of, vote
from webapp.consensus.models import Consensus, Skill
from webapp.consensus.update import catch_up, recompute, refresh, truth_changed
from webapp.volunteers.models import QueueEntry

pytestmark = pytest.mark.django_db

METHODS = ["majority", "swap-one-coin", "swap-two-coin"]


def state(workflow):
    """All that is computed from votes, by names that two databases share."""
    sums = Consensus.objects.filter(workflow=workflow).order_by("subject__external_id")
    entries = QueueEntry.objects.filter(workflow=workflow).order_by("subject__external_id")
    skills = Skill.objects.filter(workflow=workflow).order_by("volunteer__user__username")
    return (
        [
            (
                row.subject.external_id,
                row.votes_yes,
                row.votes_no,
                row.votes_unsure,
                row.follow_ups,
                round(row.posterior, 12),
                row.method,
                row.is_retired,
                row.retired_reason,
            )
            for row in sums.select_related("subject")
        ],
        list(entries.values_list("subject__external_id", "available", "is_retired")),
        [(str(skill.volunteer), skill.counts()) for skill in skills if any(map(any, skill.counts()))],
    )


def ballots(workflow, people, seed):
    """Random votes of people of differing skill, on gold and on open subjects."""
    rng = random.Random(seed)
    subjects = subjects_of(workflow) + subjects_of(workflow, gold=True)
    votes = []
    for person in people:
        for subject in rng.sample(subjects, k=len(subjects) - 2):
            answer = rng.choice(["yes", "yes", "no", "unsure"])
            votes.append((person, subject, answer, {"yes": "AST", "no": "CR"}.get(answer, "")))
    return votes


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(4))
def test_adding_up_anew_gives_the_same_in_whatever_order_the_votes_came(method, seed):
    workflow = make_workflow(subjects=5, gold=3, method=method, min_votes=2, max_votes=5, yes_above=0.9, no_below=0.1)
    people = [make_volunteer(f"v{i}") for i in range(6)]
    cast = ballots(workflow, people, seed)
    first = None
    for order in range(3):
        random.Random(order).shuffle(cast)
        workflow.classifications.all().delete()
        recompute(workflow)
        assert state(workflow)[0] == []
        for person, subject, answer, follow_up in cast:
            vote(person, workflow, subject, answer, follow_up)
        if method == "majority":
            assert state(workflow) == (first or state(workflow))
            before = state(workflow)
            recompute(workflow)
            assert state(workflow) == before
        recompute(workflow)
        first = first or state(workflow)
        assert state(workflow) == first


@pytest.mark.parametrize("method", METHODS)
def test_live_sums_are_those_of_adding_up_anew_once_skills_are_known(method):
    workflow = make_workflow(subjects=6, gold=6, method=method, min_votes=3, max_votes=6)
    people = [make_volunteer(f"v{i}") for i in range(6)]
    rng = random.Random(5)
    for person in people:
        for subject in subjects_of(workflow, gold=True):
            vote(person, workflow, subject, rng.choice([subject.gold_answer(), "no", "unsure"]))
    open_votes = [(person, subject) for person in people for subject in subjects_of(workflow)]
    rng.shuffle(open_votes)
    for person, subject in open_votes:
        vote(person, workflow, subject, rng.choice(["yes", "yes", "no", "unsure"]))
    Consensus.objects.exclude(subject__gold_label="").delete()  # theirs were summed while skills were being learnt
    refresh(workflow, [subject.pk for subject in subjects_of(workflow, gold=True)])
    live = state(workflow)
    recompute(workflow)
    assert state(workflow) == live


def test_every_order_of_four_votes_gives_one_posterior():
    workflow = make_workflow(subjects=24, max_votes=4, min_votes=4)
    people = [make_volunteer(f"v{i}") for i in range(4)]
    answers = ["yes", "no", "unsure", "yes"]
    for subject, order in zip(subjects_of(workflow), permutations(range(4)), strict=True):
        for i in order:
            vote(people[i], workflow, subject, answers[i])
    assert len({round(posterior, 12) for posterior in Consensus.objects.values_list("posterior", flat=True)}) == 1


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
    workflow = make_workflow(subjects=1, gold=10, min_votes=2, max_votes=9, yes_above=0.95, no_below=0.05)
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
    assert Consensus.objects.get(subject=subject).posterior > 0.7


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
    refresh(workflow, [subject.pk])
    assert entry_of(workflow, subject).is_retired
    vote(make_volunteer(), workflow, subject, "no")
    recompute(workflow)
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
    truth_changed(workflow, [subject.pk])
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
            refresh(workflow, some)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_open_subjects_catch_up_with_what_is_learnt_of_their_voters():
    workflow = make_workflow(subjects=2, gold=8)
    ann, bob = make_volunteer("ann"), make_volunteer("bob")
    seen, other = subjects_of(workflow)
    vote(ann, workflow, seen, "yes")
    vote(bob, workflow, other, "yes")
    before = Consensus.objects.get(subject=seen).posterior
    for subject in subjects_of(workflow, gold=True):
        vote(ann, workflow, subject, subject.gold_answer())
    Skill.objects.update(updated_at=timezone.now() + timedelta(seconds=1))  # a test is one transaction, and one moment
    Consensus.objects.exclude(subject__in=[seen, other]).delete()
    assert catch_up(workflow) == 1
    assert Consensus.objects.get(subject=seen).posterior > before
    live = state(workflow)[0][:2]
    recompute(workflow)
    assert [row for row in state(workflow)[0] if row[0] in (seen.external_id, other.external_id)] == live
