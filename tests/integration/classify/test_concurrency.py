"""Many people at once, each on their own connection."""

from threading import Thread
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import Count, F

from tests.integration.at_once import at_once, beside, queue_is_consistent
from tests.integration.locks import wait_until_somebody_waits
from tests.integration.world import (
    end_grace,
    go_on,
    hand,
    make_volunteer,
    make_workflow,
    standing,
    subjects_of,
    vote,
)
from webapp.classify.record import Item
from webapp.classify.submit import submit, undo
from webapp.consensus.evidence import posterior_of
from webapp.consensus.locking import lock_volunteers
from webapp.consensus.models import Consensus, Skill
from webapp.consensus.recompute import catch_up, replay_everybody
from webapp.consensus.retirement import reason_to_retire
from webapp.queue import leases
from webapp.queue.entries import lock_entries
from webapp.queue.leases import lease_next
from webapp.queue.models import Lease, QueueEntry
from webapp.review.class_from_tag import make_class
from webapp.workflows.models import Workflow

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 32


def test_nothing_is_handed_to_more_people_than_it_needs():
    workflow = make_workflow(subjects=7, min_votes=3, random_fraction=0.3)
    people = [make_volunteer() for _ in range(PEOPLE)]
    handed = at_once(lambda person: lease_next(person, workflow, 2).leases, *people)
    assert max(Lease.objects.values_list("entry").annotate(n=Count("pk")).values_list("n", flat=True)) <= 3
    assert sum(len(leases) for leases in handed) == Lease.objects.count() <= 21
    assert not QueueEntry.objects.filter(open_slots__lt=0).exists()
    assert queue_is_consistent(workflow)


def test_assigning_that_has_to_wait_lets_writers_pass():
    """PostgreSQL may wait for an entry that it should skip, while a writer waits for one already taken."""
    workflow = make_workflow(subjects=3)
    ann = make_volunteer()
    handed = []

    def ask():
        handed.extend(lease_next(ann, workflow, 3).leases)
        connection.close()

    asking = Thread(target=ask)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE queue_lease IN SHARE MODE")
        asking.start()
        wait_until_somebody_waits(asking)
        assert len(lock_entries(workflow, [subject.pk for subject in subjects_of(workflow)])) == 3
    asking.join(30)
    assert len(handed) == Lease.objects.count() == 3
    assert queue_is_consistent(workflow)


def test_assigning_waits_as_long_as_any_other_for_its_volunteer(monkeypatch):
    monkeypatch.setattr(leases, "_lease", leases._lease.__wrapped__)
    workflow, ann, handed = make_workflow(subjects=1), make_volunteer(), []
    asking = beside(lambda: handed.extend(lease_next(ann, workflow, 1).leases))
    with transaction.atomic():
        lock_volunteers([ann.pk])
        asking.start()
        wait_until_somebody_waits(asking)
        asking.join(3 * leases.MOMENT / 1000)
        assert asking.is_alive()
    asking.join()
    assert len(handed) == 1


def test_one_person_in_many_tabs_holds_each_subject_once():
    workflow = make_workflow(subjects=20)
    ann = make_volunteer()
    handed = at_once(lambda _: lease_next(ann, workflow, 5).leases, *range(8))
    assert all({lease.pk for lease in leases} == {lease.pk for lease in handed[0]} for leases in handed)
    assert Lease.objects.count() == 5
    assert queue_is_consistent(workflow)


def test_writers_on_one_subject_neither_deadlock_nor_lose_a_vote():
    workflow = make_workflow(subjects=3, min_votes=PEOPLE, max_votes=2 * PEOPLE, method="majority")
    subjects = subjects_of(workflow)
    people = [make_volunteer() for _ in range(PEOPLE)]
    orders = [subjects, subjects[::-1], subjects[1:] + subjects[:1]]

    def answer_all(number):
        items = [Item(uuid4(), subject.pk, "yes" if number % 4 else "no") for subject in orders[number % 3]]
        return submit(people[number], workflow, items)

    at_once(answer_all, *range(PEOPLE))
    assert end_grace() == PEOPLE
    for row in Consensus.objects.all():
        assert (row.votes_yes, row.votes_no) == (24, 8)
    assert Consensus.objects.count() == 3
    assert queue_is_consistent(workflow)


def test_the_same_answer_sent_many_times_at_once_counts_once():
    workflow = make_workflow(subjects=1)
    ann = make_volunteer()
    item = Item(uuid4(), subjects_of(workflow)[0].pk, "yes")
    results = at_once(lambda _: submit(ann, workflow, [item])[0].recorded, *range(8))
    assert sum(each.is_new for each in results) == 1
    assert all(each.classification.pk == item.id for each in results)
    at_once(lambda _: end_grace(), *range(4))
    assert Consensus.objects.get().votes == 1


def test_an_answer_counts_by_a_class_that_was_made_since_its_workflow_was_loaded():
    workflow, ann, sue = make_workflow(subjects=1), make_volunteer(), make_volunteer("sue").user
    [subject] = subjects_of(workflow)
    hand(ann, workflow, subject.pk)
    submit(ann, workflow, [Item(uuid4(), subject.pk, "yes")])
    asked = Workflow.objects.get(pk=workflow.pk)
    make_class(by=sue, workflow=asked, label="COMET", answer="yes", examples=[subject.pk])
    go_on(ann, workflow)
    assert Skill.objects.get().true_yes_said_yes == 1


def test_undo_sent_many_times_at_once_takes_one_answer_back():
    workflow = make_workflow(subjects=1, gold=1)
    ann = make_volunteer()
    (gold,) = subjects_of(workflow, gold=True)
    answer = vote(ann, workflow, gold, "no").recorded.classification.pk
    at_once(lambda _: undo(ann, answer), *range(8))
    assert Skill.objects.get().counts() == [[0, 0, 0], [0, 0, 0]]
    assert not standing(workflow).exists()


RULES = [
    {},
    {"empty_after_no_votes": 2, "agreement": 0.7, "agreement_votes": 4, "undecided_share": 0.5, "undecided_votes": 2},
    {"method": "majority", "majority": 0.8},
]


@pytest.mark.parametrize("rules", RULES, ids=str)
def test_a_crowd_that_works_until_nothing_is_left_gives_no_giventoo_many(rules):
    workflow = make_workflow(
        subjects=30, gold=4, min_votes=3, max_votes=5, training_schedule=[[0, 0.2]], random_fraction=0.3, **rules
    )
    people = [make_volunteer() for _ in range(PEOPLE)]

    def work(number):
        while leases := lease_next(people[number], workflow, 3).leases:
            answers = ("yes", "no", "yes", "unsure")
            said = [Item(uuid4(), each.entry.subject_id, answers[number % 4]) for each in leases]
            submit(people[number], workflow, said)

    while QueueEntry.objects.filter(workflow=workflow, is_gold=False, is_retired=False).exists():
        at_once(work, *range(PEOPLE))  # whoever found everything lent out comes back
        end_grace()
    rows = Consensus.objects.filter(subject__gold_label="")
    assert rows.count() == 30
    for row in rows:
        assert row.is_retired
        assert row.votes <= 5
        assert not settled_before_its_last_vote(row)
    assert not Lease.objects.filter(entry__is_gold=False).exists()
    assert queue_is_consistent(workflow)


def settled_before_its_last_vote(row):
    votes = standing(row.workflow).filter(subject=row.subject).order_by("count_order")
    sums = Consensus(workflow=row.workflow)
    for given in list(votes)[:-1]:
        setattr(sums, f"votes_{given.answer}", getattr(sums, f"votes_{given.answer}") + 1)
        sums.log_odds_micronats += given.log_odds_micronats
        sums.posterior = posterior_of(sums, row.workflow)
        if reason_to_retire(sums):
            return True
    return False


def test_counting_skills_anew_while_people_answer_loses_nothing():
    workflow = make_workflow(subjects=0, gold=12)
    people = [make_volunteer(f"v{i}") for i in range(6)]
    subjects = subjects_of(workflow, gold=True)

    def work(number):
        if number == len(people):
            for _ in range(8):
                replay_everybody(workflow)
        else:
            for subject in subjects:
                vote(people[number], workflow, subject, "yes")

    at_once(work, *range(len(people) + 1))
    assert [skill.counts() for skill in Skill.objects.all()] == [[[0, 6, 0], [0, 6, 0]]] * 6


def test_the_schedule_and_a_training_weigh_the_same_answers_at_once():
    workflow = make_workflow(subjects=0, gold=4)
    people = [make_volunteer() for _ in range(4)]
    for person in people:
        for subject in subjects_of(workflow, gold=True):
            vote(person, workflow, subject, "yes")
    right = [skill.counts() for skill in Skill.objects.order_by("volunteer")]
    for _ in range(3):
        Skill.objects.update(true_yes_said_yes=0, true_no_said_yes=0, revision=F("revision") + 1)
        at_once(lambda _: catch_up(workflow), *range(4))
        assert [skill.counts() for skill in Skill.objects.order_by("volunteer")] == right
    assert not Skill.objects.exclude(revision=F("applied_revision")).exists()
