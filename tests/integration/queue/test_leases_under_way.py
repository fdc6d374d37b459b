"""Subjects that are leased while their queue changes, or while whoever asks joins or leaves."""

import uuid

import pytest
from django.db import transaction

from tests.integration.at_once import beside
from tests.integration.locks import wait_until_somebody_waits
from tests.integration.world import make_volunteer, make_workflow, subjects_of
from webapp.accounts.delete_account import delete_account
from webapp.accounts.merge_visitor import merge
from webapp.classify.record import Item
from webapp.classify.submit import submit
from webapp.queue.leases import lease_next, store_newcomer
from webapp.queue.membership import dequeue_subjects
from webapp.queue.models import Lease, QueueEntry
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def practice():
    """A practice workflow with one subject."""
    return make_workflow(subjects=0, gold=1, is_training=True)


@pytest.fixture
def removed(practice):
    """A practice workflow whose subject is about to leave the queue, since its set was removed."""
    practice.subject_sets.clear()
    return practice


def test_gold_that_is_being_leased_stays_in_the_queue(removed):
    removing = beside(lambda: dequeue_subjects(removed))
    with transaction.atomic():
        assert lease_next(make_volunteer(), removed, 1).leases
        removing.start()
        removing.join()
    assert Lease.objects.get().entry == QueueEntry.objects.get()


def test_gold_that_is_being_removed_is_not_leased(removed):
    ann, leased = make_volunteer(), []
    asking = beside(lambda: leased.append(lease_next(ann, removed, 1).leases))
    with transaction.atomic():
        assert dequeue_subjects(removed) == 1
        asking.start()
        asking.join()
    assert leased == [[]]


@pytest.fixture
def newcomer():
    """Return a function that reads a newcomer as a request does, before their first answer is stored."""
    key = uuid.uuid4()
    return lambda: Volunteer(key=key)


def test_a_newcomer_who_asks_while_their_first_answer_is_stored_gets_no_subject_twice(practice, newcomer):
    [subject], early, late, leased = subjects_of(practice, gold=True), newcomer(), newcomer(), []
    store_newcomer(early)
    asking = beside(lambda: leased.append(lease_next(late, practice, 1)))
    with transaction.atomic():
        submit(early, practice, [Item(uuid.uuid4(), subject.pk, "yes")])
        asking.start()
        wait_until_somebody_waits(asking)
    asking.join()
    assert leased == [([], 1)]


def test_a_newcomers_page_from_before_they_joined_leases_nothing(practice, newcomer):
    early, late = newcomer(), newcomer()
    store_newcomer(early)
    merge(early, make_volunteer("vera"))
    assert lease_next(late, practice, 1) == ([], 0)


def test_nothing_is_leased_to_a_deleted_account_whose_answers_stay(practice):
    vera, leased = make_volunteer("vera"), []
    asking = beside(lambda: leased.append(lease_next(vera, practice, 1)))
    with transaction.atomic():
        delete_account(user=vera.user, keep_answers=True)
        asking.start()
        wait_until_somebody_waits(asking)
    asking.join()
    assert leased == [([], 0)]
