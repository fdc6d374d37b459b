"""Public lists and rows, and what is withheld from people who may still vote."""

import hashlib

import pytest
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient
from rest_framework.throttling import AnonRateThrottle

from tests.integration.world import client_of, make_volunteer, make_workflow, subjects_of, vote
from webapp.accounts.models import ApiToken
from webapp.api.token_views import GuessThrottle, NameThrottle
from webapp.archive.models import Membership, Role
from webapp.queue.membership import enqueue_subjects
from webapp.workflows.models import Workflow

pytestmark = pytest.mark.django_db


@pytest.fixture
def workflow():
    return make_workflow(subjects=5, gold=2)


@pytest.fixture
def anybody():
    return APIClient()


@pytest.fixture
def scientist(workflow):
    user = get_user_model().objects.create(username="sue")
    Membership.objects.create(user=user, survey=workflow.survey, role=Role.SCIENTIST)
    client = APIClient()
    client.force_authenticate(user)
    return client


def test_lists_come_in_pages_that_follow_one_another(workflow, anybody):
    page = anybody.get("/api/subjects/", {"page_size": 3}).json()
    seen = [row["id"] for row in page["results"]]
    while page["next"]:
        page = anybody.get(page["next"]).json()
        seen += [row["id"] for row in page["results"]]
    assert seen == sorted(
        (subject.pk for subject in subjects_of(workflow) + subjects_of(workflow, gold=True)), reverse=True
    )


def test_lists_are_narrowed_by_parameters(workflow, anybody):
    (row,) = anybody.get("/api/subjects/", {"survey": "atlas", "external_id": "atlas-2"}).json()["results"]
    assert row["external_id"] == "atlas-2"
    assert anybody.get("/api/subjects/", {"survey": "nowhere"}).status_code == 400
    assert anybody.get("/api/consensus/", {"retired": "perhaps"}).status_code == 400
    assert anybody.get("/api/consensus/", {"subject": "9" * 30}).status_code == 400


def test_the_truth_about_a_subject_is_for_scientists(workflow, anybody, scientist):
    url = f"/api/subjects/{subjects_of(workflow, gold=True)[1].pk}/"
    public, known = anybody.get(url).json(), scientist.get(url).json()
    assert (public["gold_label"], public["object_group"]) == (None, None)
    assert public["metadata"] == {"site": "T08"}
    assert known["gold_label"] == "AST"
    assert known["metadata"] == {"site": "T08", "#truth": "AST", "!filter": "o"}
    assert [frame["mjd_mid"] for frame in public["frames"]] == [60000.5, 60000.51]
    assert "gold_label" not in anybody.get("/api/subjects/").json()["results"][0]


def test_open_votes_are_for_scientists_and_settled_ones_for_all(anybody, scientist, workflow):
    workflow.method, workflow.min_votes = "majority", 2
    workflow.save()
    settled, still_open = subjects_of(workflow)[:2]
    for name in ("ann", "bob"):
        vote(make_volunteer(name), workflow, settled)
    vote(make_volunteer("cat"), workflow, still_open)
    assert [row["subject"] for row in anybody.get("/api/consensus/").json()["results"]] == [settled.pk]
    assert len(scientist.get("/api/consensus/", {"workflow": "atlas"}).json()["results"]) == 2
    other = make_workflow(subjects=0, slug="other")
    other.subject_sets.set(workflow.subject_sets.all())
    enqueue_subjects(other)  # where volunteers may still be asked about it
    assert anybody.get("/api/consensus/").json()["results"] == []


def test_workflows_and_surveys_are_found_by_name(workflow, anybody):
    assert anybody.get("/api/workflows/atlas/").json()["question"] == "Real?"
    assert anybody.get("/api/workflows/atlas/progress/").json() == {"answered": 0, "retired": 0, "total": 5}
    assert anybody.get("/api/surveys/atlas/").json()["classes"] == ["AST", "CR"]
    assert anybody.get("/api/workflows/nowhere/next/").status_code == 404


def test_a_token_is_given_for_a_password_and_withdrawn(anybody):
    user = get_user_model().objects.create_user("ann", password="correct horse battery")
    assert anybody.post("/api/token/", {"username": "ann", "password": "wrong"}).status_code == 400
    assert not ApiToken.objects.exists()
    reply = anybody.post("/api/token/", {"username": "ann", "password": "correct horse battery"})
    key = reply.json()["token"]
    assert ApiToken.objects.get(user=user).digest == hashlib.sha256(key.encode()).hexdigest()
    anybody.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    assert anybody.delete("/api/token/").status_code == 204
    assert anybody.get("/api/training-runs/").status_code == 401


def test_passwords_cannot_be_guessed_quickly(anybody, monkeypatch):
    monkeypatch.setattr(GuessThrottle, "timer", staticmethod(lambda: 1e9))  # however slow the machine
    codes = [anybody.post("/api/token/", {"username": "ann", "password": str(i)}).status_code for i in range(25)]
    assert codes[0] == 400
    assert codes[-1] == 429


def guess(client, name="ann", **asked):
    return client.post("/api/token/", {"username": name, "password": "a guess"}, **asked).status_code


def test_an_address_that_is_made_up_gives_no_more_guesses(anybody, monkeypatch):
    monkeypatch.setattr(GuessThrottle, "rate", "2/day")
    codes = [guess(anybody, headers={"X-Forwarded-For": f"203.0.113.{n}"}) for n in range(4)]
    assert codes == [400, 400, 429, 429]


def test_people_behind_a_trusted_proxy_are_told_apart_by_what_it_adds(anybody, monkeypatch, settings):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": 1}
    monkeypatch.setattr(GuessThrottle, "rate", "2/day")
    codes = [guess(anybody, headers={"X-Forwarded-For": f"192.0.2.{n}, 203.0.113.7"}) for n in range(4)]
    assert codes == [400, 400, 429, 429]
    assert guess(anybody, headers={"X-Forwarded-For": "203.0.113.8"}) == 400


def test_one_account_cannot_be_guessed_from_many_addresses(anybody, monkeypatch):
    monkeypatch.setattr(NameThrottle, "rate", "3/day")
    spellings = ["ann", "Ann", " ann ", "ANN", "ann"]
    codes = [guess(anybody, name, REMOTE_ADDR=f"203.0.113.{n}") for n, name in enumerate(spellings)]
    assert codes == [400, 400, 400, 429, 429]
    assert guess(anybody, "ben") == 400
    anybody.force_login(get_user_model().objects.create(username="eve"))
    assert guess(anybody) == 429, "nor from an account"


def test_a_flood_of_addresses_makes_no_guess_forgotten(anybody, monkeypatch):
    monkeypatch.setattr(NameThrottle, "rate", "1/day")
    assert guess(anybody) == 400
    for n in range(400):
        anybody.post("/api/token/", {}, REMOTE_ADDR=f"2001:db8::{n:x}")
    assert guess(anybody) == 429


@pytest.mark.parametrize("body", ['["ann"]', "7", "{", '{"username": {"a": 1}}', '{"username": "\\ud800"}'])
def test_nonsense_for_a_name_is_refused_with_a_sentence(anybody, body):
    assert anybody.post("/api/token/", body, content_type="application/json").status_code == 400


def test_a_password_alone_gives_no_token_where_a_code_is_asked_for(anybody):
    user = get_user_model().objects.create_user("ann", password="correct horse battery")
    user.authenticator_set.create(type="totp", data={"secret": "x"})
    reply = anybody.post("/api/token/", {"username": "ann", "password": "correct horse battery"})
    assert reply.status_code == 403
    assert not ApiToken.objects.exists()


def test_too_many_requests_are_told_when_to_come_back(workflow, anybody, monkeypatch):
    monkeypatch.setattr(AnonRateThrottle, "THROTTLE_RATES", {"anon": "3/min"})
    replies = [anybody.get("/api/surveys/") for _ in range(4)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
    assert 0 < int(replies[-1]["Retry-After"]) <= 80  # to the next minute, and a third of it


def test_the_schema_and_its_page_are_there(anybody):
    assert (
        "/api/classifications/" in anybody.get("/api/schema/", headers={"Accept": "application/json"}).json()["paths"]
    )
    page = anybody.get("/api/docs/").content.decode()
    assert "/static/drf_spectacular_sidecar" in page
    assert "https://" not in page


def test_settled_votes_are_withheld_while_another_workflow_still_asks(anybody, scientist, workflow):
    workflow.method, workflow.min_votes = "majority", 2
    workflow.save()
    settled = subjects_of(workflow)[0]
    for name in ("ann", "bob"):
        vote(make_volunteer(name), workflow, settled)
    again = Workflow.objects.create(survey=workflow.survey, slug="again", name="Again", kind=workflow.kind)
    again.subject_sets.set(workflow.subject_sets.all())
    enqueue_subjects(again)
    stranger = make_volunteer("cat")
    ask = {"subject": settled.pk}
    for reader in (anybody, client_of(stranger)):
        assert reader.get("/api/consensus/", ask).json()["results"] == []
    assert len(scientist.get("/api/consensus/", {**ask, "workflow": "atlas"}).json()["results"]) == 1
    vote(stranger, again, settled)
    assert len(client_of(stranger).get("/api/consensus/", ask).json()["results"]) == 1
