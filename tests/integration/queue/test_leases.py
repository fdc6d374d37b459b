"""Which subjects are assigned, in which order, and for how long."""

import random
import re
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.integration.world import entry_of, make_subject, make_volunteer, make_workflow, subjects_of, vote
from webapp.classifications.models import Reason
from webapp.queue.entries import open_slots, redundancy
from webapp.queue.leases import lease_next, release_expired
from webapp.queue.membership import enqueue_subjects
from webapp.queue.models import Lease, QueueEntry
from webapp.workflows.models import Workflow

pytestmark = pytest.mark.django_db


def prioritise(workflow):
    """Give every open entry a different priority, the last one the highest, as acquisition does."""
    for place, entry in enumerate(QueueEntry.objects.filter(workflow=workflow).order_by("pk")):
        QueueEntry.objects.filter(pk=entry.pk).update(priority=place, reason=Reason.UNCERTAIN)


def let_expire():
    Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def test_who_deletes_their_account_in_another_tab_is_assigned_nothing_more():
    workflow, volunteer = make_workflow(subjects=2), make_volunteer("vera")
    type(volunteer).objects.all().delete()
    assert lease_next(volunteer, workflow, 2).leases == []
    assert set(workflow.queue.values_list("open_slots", flat=True)) == {open_slots(workflow, 0, 0)}


def test_enqueue_adds_what_is_new_and_leaves_out_duplicates_and_other_kinds():
    workflow = make_workflow(subjects=2, gold=1)
    members = workflow.subject_sets.get()
    new, double, stamp = (make_subject(workflow.survey, name) for name in ("new", "double", "stamp"))
    double.duplicate_of = new
    double.save()
    stamp.kind = "stamp"
    stamp.save()
    members.subjects.add(new, double, stamp)
    assert enqueue_subjects(workflow) == 1
    assert enqueue_subjects(workflow) == 0
    assert QueueEntry.objects.filter(workflow=workflow, is_gold=True).count() == 1
    assert entry_of(workflow, new).open_slots == workflow.min_votes


def test_the_most_uncertain_come_first_and_say_so():
    workflow = make_workflow(subjects=20)
    prioritise(workflow)
    leases = lease_next(make_volunteer(), workflow, 5).leases
    assert [lease.entry.priority for lease in leases] == [19, 18, 17, 16, 15]
    assert {lease.reason for lease in leases} == {Reason.UNCERTAIN}


def test_shares_of_random_and_training_are_as_the_workflow_says():
    workflow = make_workflow(
        subjects=250, gold=60, random_fraction=0.2, training_schedule=[[0, 0.1]], min_votes=10, max_votes=10
    )
    prioritise(workflow)
    reasons = Counter()
    for _ in range(10):
        reasons.update(lease.reason for lease in lease_next(make_volunteer(), workflow, 50).leases)
    assert sum(reasons.values()) == 500
    assert 25 <= reasons["training"] <= 80
    assert 55 <= reasons["random"] <= 130
    assert reasons["uncertain"] == 500 - reasons["training"] - reasons["random"]


def test_random_draws_do_not_look_at_priorities_and_are_settled_one_after_another():
    workflow = make_workflow(subjects=200, random_fraction=1.0, min_votes=2)
    prioritise(workflow)
    drawn = [lease.entry for _ in range(20) for lease in lease_next(make_volunteer(), workflow, 5).leases]
    assert 70 <= sum(entry.priority for entry in drawn) / len(drawn) <= 130
    shuffled = QueueEntry.objects.filter(workflow=workflow).order_by("random_key")[:50]
    assert Counter(entry.pk for entry in drawn) == {entry.pk: 2 for entry in shuffled}


def test_gold_is_for_everybody_and_takes_no_slot():
    workflow = make_workflow(subjects=1, gold=1, training_schedule=[[0, 1.0]])
    people = [make_volunteer() for _ in range(6)]
    handed = [lease_next(person, workflow, 1).leases[0] for person in people]
    assert {lease.entry.is_gold for lease in handed} == {True}
    for person in people:
        vote(person, workflow, subjects_of(workflow, gold=True)[0])
    assert not QueueEntry.objects.filter(is_retired=True).exists()
    assert lease_next(people[0], workflow, 1).leases[0].entry.is_gold is False


def test_a_lease_that_ran_out_goes_to_somebody_else():
    workflow = make_workflow(subjects=1, min_votes=1, max_votes=1)
    ann, bob = make_volunteer(), make_volunteer()
    assert len(lease_next(ann, workflow, 1).leases) == 1
    assert lease_next(bob, workflow, 1).leases == []
    let_expire()
    assert [lease.entry for lease in lease_next(bob, workflow, 1).leases] == [
        entry_of(workflow, subjects_of(workflow)[0])
    ]
    assert Lease.objects.get().volunteer == bob


def test_who_comes_back_keeps_a_lease_that_ran_out_if_nobody_took_it():
    workflow = make_workflow(subjects=1)
    ann = make_volunteer()
    (first,) = lease_next(ann, workflow, 1).leases
    let_expire()
    (again,) = lease_next(ann, workflow, 1).leases
    assert again.pk == first.pk
    assert Lease.objects.get().expires_at > timezone.now()
    assert release_expired() == 0


def test_an_answer_after_the_lease_ran_out_still_counts():
    workflow = make_workflow(subjects=1, min_votes=1, max_votes=3, method="majority")
    ann, bob = make_volunteer(), make_volunteer()
    (subject,) = subjects_of(workflow)
    lease_next(ann, workflow, 1)
    let_expire()
    lease_next(bob, workflow, 1)
    assert vote(ann, workflow, subject).consensus.votes == 1
    assert vote(bob, workflow, subject).consensus.votes == 2


def test_release_gives_back_every_slot_once():
    workflow = make_workflow(subjects=3, gold=1, training_schedule=[[0, 0.3]])
    for _ in range(3):
        lease_next(make_volunteer(), workflow, 3)
    out = Lease.objects.count()
    let_expire()
    assert release_expired() == out
    assert release_expired() == 0
    assert not Lease.objects.exists()
    assert not QueueEntry.objects.exclude(open_slots=workflow.min_votes).exists()


def test_retired_subjects_are_not_handed_out_and_their_leases_are_not_shown():
    workflow = make_workflow(subjects=2)
    ann = make_volunteer()
    first, _ = lease_next(ann, workflow, 2).leases
    QueueEntry.objects.filter(pk=first.entry_id).update(is_retired=True)
    assert first.pk not in {lease.pk for lease in lease_next(ann, workflow, 2).leases}


@pytest.mark.parametrize(
    ("votes", "expected"), [(0, 3), (1, 3), (2, 3), (3, 4), (4, 5), (5, 5), (9, 5)], ids=lambda value: str(value)
)
def test_no_more_votes_are_wanted_than_may_be_needed(votes, expected):
    workflow = Workflow(min_votes=3, max_votes=5)
    assert redundancy(workflow, votes) == expected
    assert open_slots(workflow, votes, taken=1) == expected - votes - 1


def test_next_takes_as_many_queries_for_fifty_as_for_one():
    workflow = make_workflow(subjects=60, gold=20, random_fraction=0.3, training_schedule=[[0, 0.3]])
    counts = []
    for n in (10, 50):
        random.seed(1)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            lease_next(make_volunteer(), workflow, n)
        counts.append(len(queries))
    assert counts[1] <= counts[0] + 2  # a random draw may go round the end of the queue


def test_the_queue_reads_index_ranges_only():
    workflow = make_workflow(subjects=300, gold=30, random_fraction=0.3, training_schedule=[[0, 0.2]])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # a small table is read or sorted whole,
        cursor.execute("SET LOCAL enable_sort = off")  # if the planner may choose
    random.seed(1)  # so that some are drawn in each of the three ways
    with CaptureQueriesContext(connection) as queries:
        lease_next(make_volunteer(), workflow, 20)
    reads = [query["sql"] for query in queries if query["sql"].lstrip().startswith(("SELECT entry", "WITH head"))]
    assert len(reads) >= 3
    with connection.cursor() as cursor:
        for sql in reads:
            cursor.execute(f"EXPLAIN (GENERIC_PLAN) {sql}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan on queue_queueentry" not in plan
            assert "Sort" not in plan.partition("CTE drawn")[0], "only the few entries of the head may be sorted again"
            assert re.search("Index Scan using queue_(by_priority|at_random|of_gold) on", plan)


def test_after_the_clock_was_set_back_leases_from_the_future_are_released_or_renewed():
    workflow = make_workflow(subjects=1, min_votes=1, max_votes=1)
    gone, present = make_volunteer("gone"), make_volunteer("present")
    lease_next(gone, workflow, 1)
    Lease.objects.update(expires_at=timezone.now() + timedelta(hours=1, minutes=15))
    (lease,) = lease_next(present, workflow, 1).leases
    assert lease.volunteer == present
    Lease.objects.update(expires_at=timezone.now() + timedelta(hours=1, minutes=15))
    (renewed,) = lease_next(present, workflow, 1).leases
    assert renewed.pk == lease.pk
    assert not release_expired()
