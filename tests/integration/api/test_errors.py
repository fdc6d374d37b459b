"""Every error below /api/ is JSON, whatever the client accepts."""

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.test import RequestFactory
from rest_framework.test import APIClient

from tests.integration.world import make_volunteer, make_workflow
from webapp.api import errors
from webapp.api.defaults import AnonymousThrottle

pytestmark = pytest.mark.django_db

ACCEPTED = ("text/html", "application/xml", "text/csv;q=0.5", "*/*", "nonsense")


def is_json(reply, status):
    assert (reply.status_code, reply["Content-Type"]) == (status, "application/json"), reply
    assert reply.json()
    return True


@pytest.mark.parametrize("accepted", ACCEPTED)
def test_refusals_are_json_for_whatever_is_accepted(accepted):
    make_workflow(subjects=1)
    client, vera = APIClient(headers={"accept": accepted}), APIClient(headers={"accept": accepted})
    vera.force_authenticate(make_volunteer("vera").user)
    assert is_json(client.get("/api/subjects/", {"nothing": 1}), 400)
    assert is_json(vera.post("/api/workflows/", "{", content_type="application/json"), 400)
    assert is_json(client.post("/api/rulings/", {}), 401)
    assert is_json(client.get("/api/subjects/", headers={"authorization": "Token x"}), 401)
    assert is_json(vera.get("/api/scores/"), 403)
    assert is_json(vera.get("/api/workflows/atlas/exports/consensus.csv"), 403)
    for path in ("subjects/0/", "nowhere/", "workflows/atlas/exports/nothing.csv", "subjects/?format=yaml"):
        assert is_json(client.get(f"/api/{path}"), 404)
    assert client.get("/api/subjects/0/").json() == {"detail": errors.NOT_FOUND}
    for path in ("subjects/", "schema/", "statistics/"):
        assert is_json(vera.delete(f"/api/{path}"), 405)
    assert is_json(vera.post("/api/cases/", b"x", content_type="text/plain"), 415)


@pytest.mark.parametrize("accepted", ACCEPTED)
def test_nothing_is_refused_for_what_a_client_accepts(accepted):
    make_workflow(subjects=1)
    assert is_json(APIClient(headers={"accept": accepted}).get("/api/subjects/"), 200)
    assert APIClient(headers={"accept": "text/html"}).get("/api/docs/")["Content-Type"].startswith("text/html")


def test_too_many_requests_are_refused_in_json(monkeypatch):
    monkeypatch.setattr(AnonymousThrottle, "rate", "0/day", raising=False)
    monkeypatch.setattr(AnonymousThrottle, "allow_request", lambda *_: False)
    monkeypatch.setattr(AnonymousThrottle, "wait", lambda _: 7)
    reply = APIClient(headers={"accept": "text/html"}).get("/api/subjects/")
    assert is_json(reply, 429)
    assert reply["Retry-After"] == "7"


def test_what_fails_outside_a_view_is_json_too():
    asked = RequestFactory(headers={"accept": "text/html"}).get("/api/subjects/")
    for reply in (
        errors.bad_request(asked, SuspiciousOperation()),
        errors.forbidden(asked, PermissionDenied()),
        errors.server_error(asked),
    ):
        assert (reply.status_code in (400, 403, 500), reply["Content-Type"]) == (True, "application/json")
    assert errors.forbidden(RequestFactory().get("/"), PermissionDenied())["Content-Type"].startswith("text/html")
