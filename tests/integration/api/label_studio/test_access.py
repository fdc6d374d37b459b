"""Whom the ML backend refuses, what it does with malformed requests, and that it changes nothing."""

import base64
import json

import pytest
from rest_framework.test import APIClient

from tests.integration.api.label_studio.requests import URL, YES_NO, ask, basic
from tests.integration.people import account, member
from tests.integration.world import subjects_of
from webapp.accounts.tokens import make_token
from webapp.archive.models import Membership, Survey
from webapp.classifications.models import Classification
from webapp.learning.models import Checkpoint, Score

pytestmark = pytest.mark.django_db


def test_health_is_up_for_anybody_and_says_nothing_else(workflow):
    answer = APIClient().get(f"{URL}health")
    assert (answer.status_code, answer.json()) == (200, {"status": "UP"})
    assert APIClient().get("/api/label-studio/nowhere/health").status_code == 404


def test_only_scientists_of_the_survey_see_predictions(workflow, champion):
    elsewhere = Survey.objects.create(slug="elsewhere", name="Elsewhere")
    subject = subjects_of(workflow)[0]
    strangers = [member(workflow.survey, "volunteer"), member(elsewhere, "admin"), account("stranger")]
    for person in strangers:
        assert ask(basic(person), YES_NO, {"subject_id": subject.pk}).status_code == 403
        assert basic(person).post(f"{URL}setup", {"schema": YES_NO}, format="json").status_code == 403
        assert basic(person).get(f"{URL}versions").status_code == 403
    for nobody in (APIClient(), basic(strangers[0], "somebody-else")):
        refused = ask(nobody, YES_NO, {"subject_id": subject.pk})
        assert (refused.status_code, refused["WWW-Authenticate"]) == (401, 'Basic realm="api"')
        assert "results" not in refused.json()
        assert nobody.post(f"{URL}setup", {"schema": YES_NO}, format="json").status_code == 401
        assert nobody.get(f"{URL}versions").status_code == 401


def test_a_password_or_a_session_is_no_token(workflow, champion):
    ann = member(workflow.survey, "scientist", "ann")
    ann.set_password("correct horse battery")
    ann.save()
    client = APIClient()
    for header in ("Basic " + base64.b64encode(b"ann:correct horse battery").decode(), "Basic", "Basic a b", "Basic !"):
        client.credentials(HTTP_AUTHORIZATION=header)
        assert ask(client, YES_NO).status_code == 401
        assert client.get(f"{URL}health").status_code == 401  # so that Label Studio says so when it connects
    browser = APIClient()
    browser.force_login(ann)
    assert ask(browser, YES_NO).status_code == 401


def test_names_have_no_case_and_scientists_may_send_the_token_itself(workflow, champion):
    ann = member(workflow.survey, "scientist", "ann")
    assert ask(basic(ann, "ANN"), YES_NO).status_code == 200
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {make_token(ann)}")
    assert ask(client, YES_NO).status_code == 200


def test_webhooks_are_acknowledged_and_change_nothing(workflow, champion, scientist):
    before = [list(model.objects.values()) for model in (Survey, Membership, Checkpoint, Score, Classification)]
    event = {"action": "ANNOTATION_CREATED", "project": {"id": 3}, "annotation": {"result": []}}
    for client in (scientist, APIClient()):
        answer = client.post(f"{URL}webhook", event, format="json")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert client.post(f"{URL}webhook", "{", content_type="application/json").status_code == 200
    assert APIClient().post("/api/label-studio/nowhere/webhook", event, format="json").status_code == 404
    assert before == [list(model.objects.values()) for model in (Survey, Membership, Checkpoint, Score, Classification)]


@pytest.mark.parametrize(
    "body",
    [
        "", "{", "[]", "7", "null", "{}", '{"tasks": 7}', '{"tasks": [7], "label_config": "<View/>"}', "NaN",
        '{"tasks": [], "label_config": ["a"]}', "[" * 100_000, '{"tasks": [{"id": 1}]}',
        json.dumps({"tasks": [{}] * 1001, "label_config": YES_NO}),
        json.dumps({"tasks": [], "label_config": " " * 300_000 + YES_NO + " " * 300_000 + "<a/>"}),
        json.dumps({"tasks": [], "label_config": "<" + "a" * 300_000}),
        json.dumps({"tasks": [], "label_config": "\ud800", "schema": "\ud800"}),
        json.dumps({"tasks": [{"data": {"external_id": "a\0b"}}], "label_config": YES_NO}),
        json.dumps({"tasks": [{"data": {"external_id": "\ud800"}}], "label_config": YES_NO}),
    ],
)  # fmt: skip
def test_malformed_bodies_are_refused(workflow, champion, scientist, body):
    for name in ("predict", "setup"):
        assert scientist.post(URL + name, body, content_type="application/json").status_code == 400
    assert scientist.post(f"{URL}predict", {"tasks": "a"}).status_code == 415
    assert scientist.get(f"{URL}predict").status_code == 405


def test_requests_are_throttled_as_elsewhere(workflow, scientist, monkeypatch):
    monkeypatch.setattr("webapp.api.defaults.UserThrottle.rate", "2/min", raising=False)
    codes = [ask(scientist, YES_NO).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
