"""Somebody joins, or deletes their account, while another request of theirs is under way."""

import pytest
from django.db import transaction

from tests.integration.at_once import beside
from tests.integration.locks import wait_until_somebody_waits
from tests.integration.world import make_volunteer, make_workflow, standing, subjects_of, vote
from webapp.accounts.delete_account import delete_account
from webapp.accounts.merge_visitor import merge
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def workflow():
    return make_workflow(subjects=1)


@pytest.fixture
def vera():
    return make_volunteer("vera")


def while_leaving(vera, request, keep_answers=False):
    """Let a request wait until the account is deleted."""
    waiting = beside(request)
    with transaction.atomic():
        delete_account(user=vera.user, keep_answers=keep_answers)
        waiting.start()
        wait_until_somebody_waits(waiting)
    waiting.join()


@pytest.mark.parametrize("keep_answers", [True, False])
def test_a_visitor_who_joins_an_account_that_is_being_deleted_keeps_their_answers(workflow, vera, keep_answers):
    visitor, moved = make_volunteer(), []
    [subject] = subjects_of(workflow)
    vote(visitor, workflow, subject)
    while_leaving(vera, lambda: moved.append(merge(visitor, vera)), keep_answers)
    assert moved == [0]
    assert standing(workflow).get().volunteer == visitor
    assert Volunteer.objects.get(pk=visitor.pk).merged_into is None
