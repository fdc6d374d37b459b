"""Visitors who have answered nothing hold few subjects, and create no row."""

import uuid
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from rest_framework.test import APIClient

from tests.integration.world import client_of, entry_of, make_volunteer, make_workflow, standing
from webapp.queue.leases import release_expired
from webapp.queue.models import Lease, QueueEntry
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db

NEXT, ANSWERS = "/api/workflows/atlas/next/", "/api/classifications/"


@pytest.fixture(autouse=True)
def forgetful_rates():
    cache.clear()


@pytest.fixture
def workflow():
    return make_workflow(subjects=30)


def items_of(client, n=50, **more):
    return client.get(NEXT, {"n": n}, **more).json()["items"]


def answer(client, item, **more):
    sent = {"id": str(uuid.uuid4()), "workflow": "atlas", "subject": item["subject"]["id"], "answer": "yes"}
    return client.post(ANSWERS, sent | more, format="json")


def test_requests_without_a_cookie_take_a_few_slots_each_and_leave_no_row(workflow):
    before = QueueEntry.objects.count() * workflow.min_votes
    for _ in range(3):
        assert len(items_of(APIClient())) == 5
    assert Lease.objects.count() == 15
    assert sum(QueueEntry.objects.values_list("open_slots", flat=True)) == before - 15
    assert not Volunteer.objects.exists()


def test_many_newcomers_of_one_address_are_asked_to_wait_and_others_go_on(workflow, settings):
    settings.THROTTLE_NEWCOMERS = "4/hour"
    for _ in range(4):
        assert items_of(APIClient())
    refused = APIClient().get(NEXT)
    assert refused.status_code == 429
    assert "your network" in refused.json()["detail"]
    assert int(refused.headers["Retry-After"]) > 0
    assert Lease.objects.count() == 20
    assert items_of(APIClient(), REMOTE_ADDR="198.51.100.7")
    assert items_of(client_of(make_volunteer("ann")))
    settings.THROTTLE_NEWCOMERS = ""
    assert items_of(APIClient())


def test_a_newcomer_who_asks_again_holds_the_same(workflow):
    visitor = APIClient()
    first = items_of(visitor)
    assert [item["lease"] for item in items_of(visitor)] == [item["lease"] for item in first]
    assert Lease.objects.count() == 5


def test_the_first_answer_makes_a_volunteer_who_goes_on_with_what_they_hold(workflow):
    visitor = APIClient()
    first = items_of(visitor)
    reply = answer(visitor, first[0])
    assert (reply.status_code, reply.json()["votes"]["yes"]) == (201, 1)
    volunteer = Volunteer.objects.get()
    assert standing(workflow).get().volunteer == volunteer
    assert set(Lease.objects.values_list("volunteer", "newcomer")) == {(volunteer.pk, None)}
    again = {item["subject"]["id"] for item in items_of(visitor)}
    assert {item["subject"]["id"] for item in first[1:]} < again
    assert len(again) == 10
    assert answer(visitor, first[1], lease=first[1]["lease"]).status_code == 201


def test_an_answer_that_comes_after_the_lease_is_taken_from_a_newcomer_too(workflow):
    visitor = APIClient()
    item = items_of(visitor)[0]
    Lease.objects.update(expires_at=timezone.now() - timedelta(hours=9))
    assert release_expired() == 5
    assert entry_of(workflow, item["subject"]["id"]).open_slots == workflow.min_votes
    assert answer(visitor, item).status_code == 400
    assert not Volunteer.objects.exists()
    assert answer(visitor, item, lease=item["lease"]).status_code == 201


def test_what_a_newcomer_was_handed_may_be_answered_after_signing_in(workflow):
    browser = APIClient()
    item = items_of(browser)[0]
    account = make_volunteer("ann")
    browser.force_login(account.user)
    assert answer(browser, item, lease=item["lease"]).status_code == 201
    assert standing(workflow).get().volunteer == account


def test_a_visitor_holds_more_the_more_they_answered(workflow):
    visitor = APIClient()
    for _ in range(12):
        answer(visitor, items_of(visitor)[0])
    assert len(items_of(visitor)) == 12


def test_who_holds_enough_is_told_that_more_comes_with_their_answers(workflow):
    visitor = APIClient()
    assert "once your answers" in visitor.get(NEXT, {"n": 12}).json()["message"]


def test_a_newcomer_who_answers_while_they_ask_stays_who_they_are(workflow, monkeypatch):
    """The first answer used to arrive between two queries: the browser then got another identity."""
    client = APIClient()
    item = items_of(client, n=1)[0]
    before = client.cookies["wanderer"].value
    looks = Volunteer.objects.filter

    def answered_meanwhile(*args, **kwargs):
        found = looks(*args, **kwargs).first()
        monkeypatch.setattr(Volunteer.objects, "filter", looks)
        assert answer(client, item).status_code in (200, 201)
        return Found(found)

    monkeypatch.setattr(Volunteer.objects, "filter", answered_meanwhile)
    again = client.get(NEXT, {"n": 1})
    assert again.status_code == 200
    assert client.cookies["wanderer"].value.split(":")[0] == before.split(":")[0]


class Found:
    """The result of a query, before more happens."""

    def __init__(self, row):
        self.row = row

    def first(self):
        return self.row
