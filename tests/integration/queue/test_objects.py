"""No object comes twice in a sitting, while there are others."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.world import make_volunteer, make_workflow, subjects_of, vote
from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.core.sql import analyze, fetch
from webapp.queue.leases import lease_next
from webapp.queue.models import Lease, QueueEntry

pytestmark = pytest.mark.django_db


def workflow_of(objects, pictures, **fields):
    """Make a workflow of objects with several pictures each; those of one object have neighbouring priorities."""
    workflow = make_workflow(subjects=objects * pictures, **fields)
    for place, entry in enumerate(workflow.queue.order_by("pk")):
        Subject.objects.filter(pk=entry.subject_id).update(object_group=f"object {place // pictures}")
        QueueEntry.objects.filter(pk=entry.pk).update(priority=1 - place / 1000)
    return workflow


def objects_of(leases):
    return [Subject.objects.get(pk=lease.entry.subject_id).object_group for lease in leases]


@pytest.mark.parametrize("random_fraction", [0.0, 0.5, 1.0])
def test_a_batch_has_each_object_once(random_fraction):
    workflow = workflow_of(12, 4, random_fraction=random_fraction)
    found = objects_of(lease_next(make_volunteer("v"), workflow, 10).leases)
    assert len(set(found)) == 10


def test_by_priority_the_first_picture_of_each_object_comes():
    workflow = workflow_of(6, 3)
    leases = lease_next(make_volunteer("v"), workflow, 4).leases
    assert objects_of(leases) == ["object 0", "object 1", "object 2", "object 3"]
    first = list(workflow.queue.order_by("-priority").values_list("pk", flat=True))
    assert [lease.entry_id for lease in leases] == first[0:12:3]


def test_what_was_answered_or_is_held_comes_back_only_after_the_sitting():
    workflow, volunteer = workflow_of(6, 3), make_volunteer("v")
    answered, held = lease_next(volunteer, workflow, 2).leases
    vote(volunteer, workflow, answered.entry.subject)
    Lease.objects.filter(pk=answered.pk).delete()
    assert objects_of(lease_next(volunteer, workflow, 3).leases[1:]) == ["object 2", "object 3"]
    Lease.objects.exclude(pk=held.pk).delete()
    Classification.objects.update(created_at=answered.expires_at - timedelta(days=1))
    assert objects_of(lease_next(volunteer, workflow, 3).leases[1:]) == ["object 0", "object 2"]


def test_an_object_stays_away_for_the_whole_sitting_however_much_is_answered():
    workflow, volunteer = workflow_of(110, 2), make_volunteer("v")
    answered = list(workflow.queue.order_by("pk").values_list("subject", flat=True)[0:210:2])
    Classification.objects.bulk_create(
        Classification(id=uuid4(), volunteer=volunteer, workflow=workflow, subject_id=subject, answer="no")
        for subject in answered
    )
    assert len(answered) > 100
    assert objects_of(lease_next(volunteer, workflow, 5).leases) == [f"object {place}" for place in range(105, 110)]
    assert objects_of(lease_next(volunteer, workflow, 6).leases)[5:] == ["object 0"]  # there are no others


def test_answers_in_another_workflow_of_the_survey_count_as_well():
    workflow, volunteer = workflow_of(4, 2), make_volunteer("v")
    other = make_workflow(slug="other", subjects=0)
    seen = workflow.queue.order_by("pk").first().subject
    Classification.objects.create(id=uuid4(), volunteer=volunteer, workflow=other, subject=seen, answer="no")
    assert objects_of(lease_next(volunteer, workflow, 3).leases) == ["object 1", "object 2", "object 3"]


def test_an_undone_answer_holds_nothing_back():
    workflow, volunteer = workflow_of(6, 3), make_volunteer("v")
    (answered,) = lease_next(volunteer, workflow, 1).leases
    vote(volunteer, workflow, answered.entry.subject)
    Lease.objects.all().delete()
    Classification.objects.update(withdrawn_at=answered.expires_at)
    assert objects_of(lease_next(volunteer, workflow, 1).leases) == ["object 0"]


def test_nobody_goes_without_when_all_objects_have_been_seen():
    workflow, volunteer = workflow_of(2, 3), make_volunteer("v")
    leases = lease_next(volunteer, workflow, 6).leases
    assert sorted(objects_of(leases)) == ["object 0"] * 3 + ["object 1"] * 3
    assert set(objects_of(leases)[:2]) == {"object 0", "object 1"}


def test_another_volunteer_gets_the_same_objects():
    workflow = workflow_of(6, 3, min_votes=2)
    first, second = (objects_of(lease_next(make_volunteer(name), workflow, 4).leases) for name in "vw")
    assert first == second


def gold_workflow(objects, pictures, subjects=0, **fields):
    """Make a workflow with gold of objects with several pictures each."""
    workflow = make_workflow(subjects=subjects, gold=objects * pictures, **fields)
    for place, subject in enumerate(subjects_of(workflow, gold=True)):
        Subject.objects.filter(pk=subject.pk).update(object_group=f"gold {place // pictures}")
    return workflow


def test_gold_of_an_object_comes_once_in_a_sitting_and_others_in_its_place():
    workflow, volunteer = gold_workflow(3, 4, subjects=10, training_schedule=[[0, 1.0]]), make_volunteer("v")
    first = lease_next(volunteer, workflow, 2).leases
    assert [lease.reason for lease in first] == ["training"] * 2
    for lease in first:
        vote(volunteer, workflow, lease.entry.subject)
    Lease.objects.all().delete()
    leases = lease_next(volunteer, workflow, 6).leases
    assert sorted(lease.reason for lease in leases) == ["new"] * 5 + ["training"]
    assert set(objects_of(first + leases)) >= {"gold 0", "gold 1", "gold 2"}
    Classification.objects.update(created_at=first[0].expires_at - timedelta(days=1))
    Lease.objects.all().delete()
    assert [lease.reason for lease in lease_next(volunteer, workflow, 3).leases] == ["training"] * 3


def test_an_ordinary_picture_of_a_gold_object_does_not_come_beside_it():
    workflow = gold_workflow(4, 1, subjects=8, training_schedule=[[0, 0.5]])
    for place, subject in enumerate(subjects_of(workflow)):
        Subject.objects.filter(pk=subject.pk).update(object_group=f"gold {place}")
    for name in "abcd":  # for more, the subjects of other objects might have no slots left
        found = objects_of(lease_next(make_volunteer(name), workflow, 4).leases)
        assert len(set(found)) == 4


def test_where_there_is_only_gold_nobody_goes_without():
    workflow, volunteer = gold_workflow(2, 3, is_training=True), make_volunteer("v")
    leases = lease_next(volunteer, workflow, 6).leases
    assert sorted(objects_of(leases)) == ["gold 0"] * 3 + ["gold 1"] * 3
    assert set(objects_of(leases)[:2]) == {"gold 0", "gold 1"}


def test_one_query_draws_gold_and_looks_at_its_objects():
    workflow, volunteer = gold_workflow(40, 1, subjects=5, training_schedule=[[0, 1.0]]), make_volunteer("v")
    QueueEntry.objects.filter(is_gold=True).update(random_key=1.0)
    with CaptureQueriesContext(connection) as queries:
        assert [lease.reason for lease in lease_next(volunteer, workflow, 1).leases] == ["training"]
    assert sum("AND entry.random_key" in query["sql"] for query in queries) == 1


def test_thousands_of_pictures_of_one_object_are_passed_without_looking_each_of_them_up_for_each():
    workflow, volunteer = workflow_of(1, 600), make_volunteer("v")
    subjects = list(workflow.queue.order_by("-pk").values_list("subject", flat=True))
    other, *pictures = subjects
    Subject.objects.filter(pk=other).update(object_group="another")
    for who in (volunteer, *(make_volunteer(f"w{number}") for number in range(5))):
        Classification.objects.bulk_create(
            Classification(id=uuid4(), volunteer=who, workflow=workflow, subject_id=subject, answer="no")
            for subject in pictures[:100]
        )
    analyze(Subject, QueueEntry, Classification)
    before = rows_read()
    assert objects_of(lease_next(volunteer, workflow, 1).leases) == ["another"]
    assert rows_read() - before < 10 * len(pictures)


def rows_read():
    """Return how many rows the database has read in this transaction."""
    return fetch("SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables", {})[0][0]
