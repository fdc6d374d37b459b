"""Somebody deletes what another request is about to change: that one finds nothing, and brings nothing back."""

import pytest
from django.db import transaction

from tests.integration.at_once import beside
from tests.integration.locks import wait_until_somebody_waits
from tests.integration.people import browser, member
from tests.integration.world import make_workflow, subjects_of
from webapp.accounts.delete_account import delete_account
from webapp.community.collections import collect, open_collection
from webapp.community.models import (
    Appeal,
    Board,
    Collection,
    Comment,
    Group,
    ModeratorAction,
    Notification,
    Report,
    Thread,
)
from webapp.volunteers.identity import account_volunteer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def subject():
    return subjects_of(make_workflow(subjects=1))[0]


@pytest.fixture
def ada(subject):
    return account_volunteer(member(subject.survey, "admin", "ada"))


def status(deletion, send):
    """Send a request, let it wait until the deletion has happened, and return its status."""
    found = []
    waiting = beside(lambda: found.append(send().status_code))
    with transaction.atomic():
        deletion()
        waiting.start()
        wait_until_somebody_waits(waiting)
    waiting.join()
    return found[0]


def form(person, address, body):
    client = browser(person.user)
    client.raise_request_exception = False
    return lambda: client.post(address, body)


CHANGES = {
    "change": {"name": "Other"},
    "editors": {"username": "ben"},
    "move/{subject}": {"way": "back"},
    "add": {},
}


@pytest.mark.parametrize("act", CHANGES)
def test_a_collection_that_its_owner_deletes_is_changed_by_nobody(subject, ada, act):
    member(subject.survey, "volunteer", "ben")
    row = open_collection(owner=ada, name="Strange ones")
    collect(row, [subject.pk])
    address, body = f"/collections/{row.pk}/{act.format(subject=subject.pk)}/", CHANGES[act]
    if act == "add":
        address, body = "/you/collections/add/", {"collection": row.pk, "subject": subject.pk}
    assert status(row.delete, form(ada, address, body)) == 404
    assert not Collection.objects.exists()


BOARD = {
    "boards/": {"board": None, "what": "delete"},
    "boards/ ": {"board": None, "name": "Lounge"},
    "boards/{board}/": {"title": "What is a burn?", "text": "I see stripes."},
}


@pytest.mark.parametrize("path", BOARD)
def test_a_board_that_another_admin_deletes_is_changed_by_nobody(subject, ada, path):
    row = Board.objects.create(survey=subject.survey, name="Help")
    body = BOARD[path] | ({"board": row.pk} if "board" in BOARD[path] else {})
    address = f"/surveys/atlas/talk/{path.strip().format(board=row.pk)}"
    assert status(Board.objects.get().delete, form(ada, address, body)) == 404
    assert not Board.objects.exists()
    assert not Thread.objects.exists()


@pytest.mark.parametrize("body", [{"name": "Other"}, {"act": "link", "days": 7}])
def test_a_group_that_its_owner_deletes_is_changed_by_nobody(ada, body):
    row = Group.objects.create(owner=ada, name="Class 5b")
    assert status(Group.objects.get().delete, form(ada, f"/groups/{row.pk}/change/", body)) == 404
    assert not Group.objects.exists()


@pytest.mark.parametrize(("keep_answers", "answered"), [(True, 404), (False, 302)])
def test_an_appeal_is_answered_while_its_account_is_deleted_if_it_stays(subject, ada, keep_answers, answered):
    ben = account_volunteer(member(subject.survey, "volunteer", "ben"))
    action = ModeratorAction.objects.create(survey=subject.survey, author=ben, kind="warned", reason="Rude.")
    row = Appeal.objects.create(action=action, text="I was not.")
    answer = form(ada, f"/surveys/atlas/moderation/appeals/{row.pk}/", {"what": "granted", "answer": "Right."})
    assert status(lambda: delete_account(user=ben.user, keep_answers=keep_answers), answer) == answered
    assert not Notification.objects.exists()


@pytest.mark.parametrize("address", ["/talk/{comment}/report/", "/you/collections/"])
def test_whoever_deletes_their_account_in_another_tab_reports_and_collects_nothing(subject, ada, address):
    ben = account_volunteer(member(subject.survey, "volunteer", "ben"))
    comment = Comment.objects.create(survey=subject.survey, subject=subject, author=ada, text="Bah.")
    send = form(ben, address.format(comment=comment.pk), {"because": "Rude.", "name": "Mine"})
    assert status(lambda: delete_account(user=ben.user, keep_answers=False), send) == 403
    assert not Report.objects.exists()
    assert not Collection.objects.exists()
