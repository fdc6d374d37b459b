"""Visitors by signed cookie, accounts by session or token, and merging the former into the latter."""

import uuid

import pytest
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient

from tests.integration.world import end_grace, make_volunteer, make_workflow, standing, subjects_of, vote
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus, Skill
from webapp.queue.assignment_token import assignment_token
from webapp.queue.leases import store_newcomer
from webapp.queue.models import Lease
from webapp.volunteers.identity import COOKIE
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

pytestmark = pytest.mark.django_db

NEXT = "/api/workflows/atlas/next/"
ANSWERS = "/api/classifications/"


@pytest.fixture
def workflow():
    return make_workflow(subjects=4, gold=1)


@pytest.fixture
def browser():
    return APIClient(enforce_csrf_checks=True)


def answer(item, value="yes"):
    return {"id": str(uuid.uuid4()), "workflow": "atlas", "subject": item["subject"]["id"], "answer": value}


def post(browser, url, body=None):
    return browser.post(url, body or {}, format="json", headers={"X-CSRFToken": browser.cookies["csrftoken"].value})


def test_a_visitor_is_known_by_a_cookie_that_scripts_cannot_read(workflow, browser):
    browser.get(NEXT, {"n": 1})
    cookie = browser.cookies[COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    browser.get(NEXT, {"n": 1})
    assert not Volunteer.objects.exists()
    assert Lease.objects.count() == 1


def test_requests_that_the_classify_page_makes_side_by_side_are_one_visitors(workflow, browser):
    browser.get("/classify/atlas/")
    given = browser.cookies[COOKIE].value
    replies = []
    for _ in range(2):  # neither waits for the other's cookie
        beside = APIClient()
        beside.cookies[COOKIE] = given
        replies.append(beside.get(NEXT, {"n": 1}).json()["items"][0]["subject"]["id"])
    assert replies[0] == replies[1]
    assert Lease.objects.count() == 1


def test_the_classify_page_sets_no_visitors_cookie_for_an_account(workflow, browser):
    browser.force_login(get_user_model().objects.create_user("ann"))
    browser.get("/classify/atlas/")
    assert COOKIE not in browser.cookies


def test_a_visitor_answers_with_the_csrf_token_and_not_without(workflow, browser):
    (item,) = browser.get(NEXT, {"n": 1}).json()["items"]
    refused = browser.post(ANSWERS, answer(item), format="json")
    assert refused.status_code == 403
    assert not Classification.objects.exists()
    assert post(browser, ANSWERS, answer(item)).status_code == 201
    assert standing(workflow).get().volunteer.user is None


def test_undo_needs_the_csrf_token_too(workflow, browser):
    (item,) = browser.get(NEXT, {"n": 1}).json()["items"]
    sent = answer(item)
    post(browser, ANSWERS, sent)
    assert browser.post(f"{ANSWERS}{sent['id']}/undo/").status_code == 403
    assert standing(workflow).count() == 1
    assert post(browser, f"{ANSWERS}{sent['id']}/undo/").status_code == 200
    assert standing(workflow).count() == 0


def test_whoever_was_never_handed_anything_cannot_answer(workflow):
    item = {"subject": {"id": subjects_of(workflow)[0].pk}}
    response = APIClient().post(ANSWERS, answer(item), format="json")
    assert response.status_code == 403
    assert not Classification.objects.exists()
    assert not Volunteer.objects.exists()


@pytest.mark.parametrize("forged", ["", "nonsense", "0" * 32, f"{'0' * 32}:abc"])
def test_a_forged_cookie_is_nobody(workflow, browser, forged):
    browser.get(NEXT, {"n": 1})
    other = APIClient()
    other.cookies[COOKIE] = forged
    assert other.post(ANSWERS, answer({"subject": {"id": 1}}), format="json").status_code == 403
    assert not Classification.objects.exists()


def test_a_sessions_answers_need_the_csrf_token(workflow, browser):
    browser.force_login(get_user_model().objects.create(username="ann"))
    (item,) = browser.get(NEXT, {"n": 1}).json()["items"]
    assert browser.post(ANSWERS, answer(item), format="json").status_code == 403
    assert not Classification.objects.exists()


def test_what_a_visitor_answered_becomes_the_accounts_once(workflow, browser):
    account = make_volunteer("ann")
    first, second, *_ = subjects_of(workflow)
    (gold,) = subjects_of(workflow, gold=True)
    vote(account, workflow, first, "no")
    vote(make_volunteer("bob"), workflow, second, "no")
    items = browser.get(NEXT, {"n": 3}).json()["items"]
    visitor = Volunteer(key=Lease.objects.values_list("newcomer", flat=True).distinct().get())
    store_newcomer(visitor)
    for subject in (first, second, gold):
        sent = answer({"subject": {"id": subject.pk}}, "yes")
        sent["lease"] = assignment_token(visitor.pk, workflow.pk, subject.pk)
        assert post(browser, ANSWERS, sent).status_code == 201
    assert len(items) == 3
    browser.force_login(account.user)
    assert browser.get(NEXT, {"n": 1}).json()["progress"]["answered"] == 3
    visitor.refresh_from_db()
    assert visitor.merged_into == account
    assert browser.cookies[COOKIE].value == ""
    mine = standing(workflow).filter(volunteer=account)
    assert dict(mine.values_list("subject", "answer")) == {first.pk: "no", second.pk: "yes", gold.pk: "yes"}
    assert not standing(workflow).filter(volunteer=visitor).exists()
    end_grace()
    votes = {row.subject_id: (row.votes_yes, row.votes_no) for row in Consensus.objects.all()}
    assert votes == {first.pk: (0, 1), second.pk: (1, 1), gold.pk: (1, 0)}
    assert Skill.objects.get(volunteer=account).counts() == [[0, 1, 0], [0, 0, 0]]
    assert not Skill.objects.filter(volunteer=visitor).exists()
    assert not Lease.objects.filter(volunteer=visitor).exists()


def test_signing_in_makes_nobody_forget_that_they_were_told_the_truth(browser):
    make_workflow(subjects=0, gold=1, training_schedule=[[0, 1.0]])
    account = make_volunteer("ann")
    (item,) = browser.get(NEXT, {"n": 1}).json()["items"]
    first = answer(item, "yes")
    assert post(browser, ANSWERS, first).json()["feedback"]["truth"] == "no"
    post(browser, f"{ANSWERS}{first['id']}/undo/")
    browser.force_login(account.user)
    (item,) = browser.get(NEXT, {"n": 1}).json()["items"]
    post(browser, ANSWERS, answer(item, "no"))
    end_grace()
    assert standing(Workflow.objects.get()).get().volunteer == account
    assert not any(map(any, Skill.objects.get(volunteer=account).counts()))


def test_signing_out_again_does_not_speak_for_the_account(workflow, browser):
    browser.get(NEXT, {"n": 1})
    cookie = browser.cookies[COOKIE].value
    account = make_volunteer("ann")
    browser.force_login(account.user)
    browser.get(NEXT, {"n": 1})
    stranger = APIClient()
    stranger.cookies[COOKIE] = cookie
    stranger.get(NEXT, {"n": 1})
    assert Lease.objects.filter(volunteer=account).count() == 1
    assert Lease.objects.filter(volunteer=None).exclude(newcomer=None).count() == 1


def test_a_visitors_answers_list_is_their_own(workflow, browser):
    (item,) = browser.get(NEXT, {"n": 1}).json()["items"]
    post(browser, ANSWERS, answer(item))
    vote(make_volunteer("bob"), workflow, subjects_of(workflow)[2])
    (mine,) = browser.get(ANSWERS).json()["results"]
    assert (mine["subject"], mine["answer"], mine["workflow"]) == (item["subject"]["id"], "yes", "atlas")
