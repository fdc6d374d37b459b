"""Subjects that are leased while their queue changes, or while whoever asks joins or leaves."""

import pytest
from django.db import transaction

from tests.integration.at_once import beside
from tests.integration.world import make_volunteer, make_workflow
from webapp.queue.leases import lease_next
from webapp.queue.membership import dequeue_subjects
from webapp.queue.models import Lease, QueueEntry

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
