"""An answer, and another change of the same rows that is under way: one waits, and neither is lost."""

from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from uuid import uuid4

import pytest
from django.db import connection, transaction

from tests.integration.at_once import at_once, beside, queue_is_consistent
from tests.integration.locks import nobody_waits_in_a_circle, wait_until_somebody_waits
from tests.integration.world import (
    client_of,
    go_on,
    hand,
    make_volunteer,
    make_workflow,
    standing,
    subjects_of,
    vote,
)
from webapp.accounts.delete_account import delete_account
from webapp.accounts.merge_visitor import merge
from webapp.classifications.models import Classification
from webapp.classify.record import CannotClassify, Item
from webapp.classify.submit import say_more, submit, undo
from webapp.community.favourites import favour
from webapp.consensus.locking import lock_volunteers
from webapp.consensus.models import Skill
from webapp.consensus.recompute import catch_up
from webapp.queue.entries import lock_entries
from webapp.queue.membership import enqueue_subjects
from webapp.queue.models import Lease
from webapp.review.rulings import rule

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_answer_on_its_way_while_the_visitor_joins_is_the_accounts():
    workflow = make_workflow(subjects=3)
    visitor, account = make_volunteer(), make_volunteer("vera")
    first, second, _third = subjects_of(workflow)
    vote(visitor, workflow, first)
    hand(visitor, workflow, second.pk)
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            lock_volunteers([visitor.pk])
            sent = thread.submit(at_once, lambda pk: submit(visitor, workflow, [Item(uuid4(), pk, "yes")]), second.pk)
            merge(visitor, account)
        (submitted,) = sent.result()[0]
    assert submitted.recorded.is_new
    assert set(standing(workflow).values_list("volunteer", "subject")) == {
        (account.pk, subject.pk) for subject in (first, second)
    }
    assert queue_is_consistent(workflow)


@pytest.mark.parametrize("change", [undo, lambda person, pk: say_more(person, pk, "AST")])
def test_an_undo_or_a_follow_up_on_its_way_while_the_visitor_joins_changes_the_accounts_answer(change):
    workflow = make_workflow(subjects=1)
    visitor, account = make_volunteer(), make_volunteer("vera")
    pk = vote(visitor, workflow, subjects_of(workflow)[0]).recorded.classification.pk
    sending = beside(lambda: change(visitor, pk))
    with transaction.atomic():
        lock_volunteers([visitor.pk])
        sending.start()
        wait_until_somebody_waits(sending)
        merge(visitor, account)
    sending.join()
    row = Classification.objects.get(volunteer=account)
    assert (row.withdrawn_at is not None, row.follow_up) == ((True, "") if change is undo else (False, "AST"))
    assert queue_is_consistent(workflow)


@pytest.fixture
def held_back():
    """An answer to an open subject of two workflows, which does not count yet."""
    first, second = make_workflow(subjects=1, slug="first"), make_workflow(subjects=0, slug="second")
    second.subject_sets.set(first.subject_sets.all())
    enqueue_subjects(second)
    ann, [subject] = make_volunteer(), subjects_of(first)
    hand(ann, first, subject.pk)
    submit(ann, first, [Item(uuid4(), subject.pk, "yes")])
    return ann, subject, first, second


def test_an_answer_that_waits_for_a_verdict_is_counted_as_one_to_a_known_subject(held_back):
    ann, subject, workflow, _ = held_back
    counting = beside(lambda: go_on(ann, workflow))
    with transaction.atomic():
        rule(subject=subject, workflow=workflow, scientist=make_volunteer("sue").user, verdict="yes")
        counting.start()
        wait_until_somebody_waits(counting)
    counting.join()
    assert Skill.objects.get(workflow=workflow).true_yes_said_yes == 1


def test_a_verdict_in_another_workflow_waits_for_the_answer_that_is_being_counted(held_back):
    ann, subject, workflow, other = held_back
    sue = make_volunteer("sue").user
    ruling = beside(lambda: rule(subject=subject, workflow=other, scientist=sue, verdict="yes"))
    with transaction.atomic():
        go_on(ann, workflow)
        ruling.start()
        wait_until_somebody_waits(ruling)
    ruling.join()
    catch_up(workflow)
    assert Skill.objects.get(workflow=workflow).true_yes_said_yes == 1


@pytest.mark.parametrize("keep_answers", [True, False])
def test_an_answer_on_its_way_while_its_account_is_deleted_is_refused(keep_answers):
    workflow = make_workflow(subjects=1)
    vera = make_volunteer("vera")
    [subject] = subjects_of(workflow)
    hand(vera, workflow, subject.pk)
    refused = []

    def send():
        with pytest.raises(CannotClassify) as error:
            submit(vera, workflow, [Item(uuid4(), subject.pk, "yes")])
        refused.append(str(error.value))

    sending = beside(send)
    with transaction.atomic():
        delete_account(user=vera.user, keep_answers=keep_answers)
        sending.start()
        wait_until_somebody_waits(sending)
    sending.join()
    assert "deleted" in refused[0]


def test_an_undo_on_its_way_while_its_account_is_deleted_takes_no_anonymous_answer_back():
    workflow = make_workflow(subjects=1)
    vera, refused = make_volunteer("vera"), []
    pk = vote(vera, workflow, subjects_of(workflow)[0]).recorded.classification.pk

    def send():
        with pytest.raises(Classification.DoesNotExist):
            undo(vera, pk)
        refused.append(True)

    sending = beside(send)
    with transaction.atomic():
        delete_account(user=vera.user, keep_answers=True)
        sending.start()
        wait_until_somebody_waits(sending)
    sending.join()
    assert refused
    assert standing(workflow).exists()
    assert not Lease.objects.exists()


SENT_AS_VISITOR = {
    "answer": lambda visitor, workflow, subject: submit(visitor, workflow, [Item(uuid4(), subject.pk, "yes")]),
    "favourite": lambda visitor, workflow, subject: favour(visitor, subject),
}


@pytest.mark.parametrize("send", SENT_AS_VISITOR.values(), ids=SENT_AS_VISITOR)
def test_a_request_that_began_before_joining_waits_for_the_account_without_the_visitor(send):
    workflow = make_workflow(subjects=1)
    account, visitor = make_volunteer("vera"), make_volunteer()
    merge(visitor, account)
    assert nobody_waits_in_a_circle(
        lambda: lock_volunteers([account.pk]),
        lambda: send(visitor, workflow, subjects_of(workflow)[0]),
        lambda: lock_volunteers([visitor.pk]),
    )


def test_an_answer_that_a_deadlock_has_ended_is_sent_once_and_stored():
    workflow = make_workflow(subjects=2)
    vera = make_volunteer("vera")
    early, late = subjects_of(workflow)
    hand(vera, workflow, early.pk)
    hand(vera, workflow, late.pk)
    client, statuses = client_of(vera), []
    body = [
        {"id": str(uuid4()), "workflow": workflow.slug, "subject": subject.pk, "answer": "yes"}
        for subject in (early, late)
    ]
    sending = beside(lambda: statuses.append(client.post("/api/classifications/", body, format="json").status_code))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL deadlock_timeout = '1min'")  # so that it is the other one that PostgreSQL ends
        lock_entries(workflow, [late.pk])
        sending.start()
        wait_until_somebody_waits(sending)
        lock_entries(workflow, [early.pk])
    sending.join()
    assert statuses == [201]
    assert standing(workflow).count() == 2


def test_answers_to_two_workflows_wait_for_whoever_writes_to_both():
    workflows = [make_workflow(subjects=1, slug=slug) for slug in ("zebra", "ant")]  # their keys in another order
    person = make_volunteer("vera")
    subjects = [subjects_of(workflow)[0] for workflow in workflows]
    for workflow, subject in zip(workflows, subjects, strict=True):
        hand(person, workflow, subject.pk)
    body = [
        {"id": str(uuid4()), "workflow": workflow.slug, "subject": subject.pk, "answer": "yes"}
        for workflow, subject in zip(workflows, subjects, strict=True)
    ]
    client, statuses = client_of(person), []
    sender = Thread(
        target=lambda: statuses.extend(
            at_once(lambda sent: client.post("/api/classifications/", sent, format="json").status_code, body)
        )
    )
    with transaction.atomic():
        lock_entries(workflows[0], [subjects[0].pk])
        sender.start()
        wait_until_somebody_waits(sender)
        lock_entries(workflows[1], [subjects[1].pk])
    sender.join()
    assert statuses == [201]
