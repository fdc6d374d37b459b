"""Somebody joins, or deletes their account, while another request of theirs is under way."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from tests.integration.at_once import beside
from tests.integration.locks import wait_until_somebody_waits
from tests.integration.world import make_volunteer, make_workflow, standing, subjects_of, vote
from webapp.accounts.delete_account import delete_account
from webapp.accounts.merge_visitor import merge
from webapp.archive.models import Membership
from webapp.community.favourites import favour
from webapp.community.models import Comment, Favourite
from webapp.community.moderation import Kind, report, settle
from webapp.community.talk import post_comment, remove
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


@pytest.mark.parametrize("keep_answers", [True, False])
def test_a_comment_on_its_way_while_its_account_is_deleted_is_refused(workflow, vera, keep_answers):
    [subject] = subjects_of(workflow)
    vote(vera, workflow, subject)
    tab, refused = Volunteer.objects.select_related("user").get(), []

    def post():
        with pytest.raises(PermissionDenied, match="deleted"):
            post_comment(user=tab.user, subject=subject, text="a comet?")
        refused.append(True)

    while_leaving(vera, post, keep_answers)
    assert refused
    assert not Comment.objects.exists()


ABOUT = {
    "remove": lambda user, row: remove(user=user, comment=row, because="Rude."),
    "settle": lambda user, row: settle(moderator=user, comment=row, kind=Kind.WARNED, reason="Rude."),
    "report": lambda user, row: report(reporter=user.volunteer, comment=row, reason="Rude."),
}


@pytest.mark.parametrize("act", ABOUT.values(), ids=ABOUT)
def test_what_others_do_about_a_comment_that_goes_with_its_account_is_refused(workflow, vera, act):
    comment = Comment.objects.create(survey=workflow.survey, subject=subjects_of(workflow)[0], author=vera, text="Bah.")
    moderator, refused = make_volunteer("max").user, []
    Membership.objects.create(survey=workflow.survey, user=moderator, role="moderator")

    def do():
        with pytest.raises(PermissionDenied, match="deleted"):
            act(moderator, comment)
        refused.append(True)

    while_leaving(vera, do)
    assert refused


def test_a_favourite_on_its_way_while_its_account_is_deleted_is_forgotten(workflow, vera):
    [subject] = subjects_of(workflow)
    while_leaving(vera, lambda: favour(vera, subject))
    assert not Favourite.objects.exists()


def test_a_favourite_on_its_way_while_the_visitor_joins_is_the_accounts(workflow, vera):
    visitor, [subject] = make_volunteer(), subjects_of(workflow)
    sending = beside(lambda: favour(visitor, subject))
    with transaction.atomic():
        merge(visitor, vera)
        sending.start()
        wait_until_somebody_waits(sending)
    sending.join()
    assert Favourite.objects.get().volunteer == vera


def test_who_joins_waits_for_the_accounts_favourite_of_the_same_subject(workflow, vera):
    visitor, [subject] = make_volunteer(), subjects_of(workflow)
    favour(visitor, subject)
    joining = beside(lambda: merge(visitor, vera))
    with transaction.atomic():
        favour(vera, subject)
        joining.start()
        wait_until_somebody_waits(joining)
    joining.join()
    assert Favourite.objects.get().volunteer == vera
