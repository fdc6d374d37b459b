"""Values that no row can store get an error message everywhere, never a server error."""

import json
import re

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.http import QueryDict
from django.test import Client
from django.urls import URLPattern, get_resolver

from tests.integration.world import make_workflow, subjects_of

pytestmark = pytest.mark.django_db(transaction=True)

DIGITS = "9" * 5000
VALUES = {"nul": "a\0b", "digits": DIGITS, "float": "1e999", "big": str(2**63)}
FIELDS = re.findall(
    r"\w+",
    """
answer back because before body by collection description email favourite finished follow_up id kind label language
login lease marks method n name next note page page_size password password1 password2 q reason random_fraction sort
started_at finished_at state step subject subject_set subjects text username verdict viewport window workflow zone slug
survey role checkpoint version priority external_id set retired task token path channels pixel_scale positive classes
question min_votes max_votes based_on cursor ra dec radius act format board thread title what people tag quote
alt days member way remove confirmed story group zone by mine
""",
)
UUID = "8c6e3b2e-0000-4000-8000-000000000000"
KNOWN = [(r"<int:\w+>", "{pk}"), (r"<uuid:\w+>", UUID), (r"<export:\w+>", "votes.csv"), (r"<\w+:\w+>", "atlas")]
KNOWN += [(r"\(\?P<pk>[^)]*\)", "{pk}"), (r"\(\?P<\w+>[^)]*\)", "atlas"), (r"[\^$]", "")]


def addresses(patterns=None, before="/"):
    """Every URL of the site, with existing objects filled in."""
    for pattern in patterns or get_resolver().url_patterns:
        route = before + str(pattern.pattern)
        if not isinstance(pattern, URLPattern):
            yield from addresses(pattern.url_patterns, route)
            continue
        for found, meant in KNOWN:
            route = re.sub(found, meant, route)
        yield route


@pytest.fixture
def pk():
    cache.clear()
    return subjects_of(make_workflow(subjects=2))[0].pk


@pytest.fixture
def ask(pk):
    """Send a request as a superuser, so that no value is stopped by permissions."""
    user = get_user_model().objects.create(username="ann", is_superuser=True)
    client = Client(raise_request_exception=False)

    signed_in = None

    def ask(method, address, *args, **more):
        nonlocal signed_in
        if signed_in is None or client.cookies.get(settings.SESSION_COOKIE_NAME) is not signed_in:
            client.force_login(user)  # again only where a page has signed out or in
            signed_in = client.cookies[settings.SESSION_COOKIE_NAME]
        response = getattr(client, method)(address.format(pk=pk), *args, **more)
        response.close()
        return response.status_code

    return ask


NOT_ALLOWED, UNREAD = set(), set()
"""Methods and addresses of the site that answer nothing, and those that read nothing of what is sent."""


@pytest.fixture
def read(monkeypatch):
    """Return a list that gets an item whenever the site reads what was sent."""
    found, parse = [], QueryDict.__init__
    monkeypatch.setattr(QueryDict, "__init__", lambda *args, **more: found.append(1) or parse(*args, **more))
    return found


def failed(ask, method, asked, *args, **more):
    """Return at which of these addresses the site failed."""
    wrong = []
    for address in asked:
        if (method, address) in NOT_ALLOWED:
            continue
        status = ask(method, address, *args, **more)
        if status >= 500:
            wrong.append(address)
        elif status == 405:
            NOT_ALLOWED.add((method, address))
    return wrong


def failed_with(name, method, ask, read):
    """Return at which addresses the site failed with a value in each field; any value tells who reads none."""
    wrong = []
    for address in addresses():
        if (method, address) in UNREAD:
            continue
        read.clear()
        wrong += failed(ask, method, [address], dict.fromkeys(FIELDS, VALUES[name]))
        if not read:
            UNREAD.add((method, address))
    return wrong


@pytest.mark.parametrize("name", VALUES)
def test_no_form_makes_the_site_fail(ask, read, name):
    assert failed_with(name, "post", ask, read) == []


@pytest.mark.parametrize("name", VALUES)
def test_no_address_makes_the_site_fail(ask, read, name):
    assert failed_with(name, "get", ask, read) == []


JSON = {
    "deep": "[" * 1000,
    "deeper": "[" * 100_000,
    "deep objects": '{"a":' * 100_000,
    "number": DIGITS,
    "surrogate": json.dumps(dict.fromkeys(FIELDS, "\ud800")),
    "lists": json.dumps({name: ["a"] for name in FIELDS}),
    "objects": json.dumps({name: {"a": [1]} for name in FIELDS}),
    "numbers": json.dumps(dict.fromkeys(FIELDS, 10**400)),
    "nul": json.dumps(dict.fromkeys(FIELDS, "\0")),
    "many": json.dumps([dict.fromkeys(FIELDS, "\ud800")] * 3),
    "endless": "{" + ",".join(f'"{name}": 1e999' for name in FIELDS) + "}",
}


@pytest.mark.parametrize("name", JSON)
def test_no_json_makes_the_api_fail(ask, name):
    api = [address for address in addresses() if address.startswith("/api/")]
    assert failed(ask, "post", api, JSON[name], content_type="application/json") == []


def test_json_without_a_bottom_is_refused_as_the_api_refuses(client):
    reply = client.post("/api/token/", "[" * 1000, content_type="application/json")
    assert (reply.status_code, list(reply.json())) == (400, ["detail"])


@pytest.mark.parametrize("field", ["subject", "name"])
def test_a_collection_takes_no_endless_number_and_no_nul(client, pk, field):
    client.force_login(get_user_model().objects.create(username="ann"))
    sent = {"subject": str(pk), "name": "mine"} | {field: DIGITS if field == "subject" else "a\0b"}
    assert client.post("/you/collections/add/", sent).status_code in (302, 400, 404)


def test_a_text_within_a_script_ends_no_script(client):
    workflow = make_workflow(subjects=1)
    harm = "</script><script>alert(1)</script>"
    type(workflow).objects.update(question=harm, help_text=harm)
    page = client.get("/classify/atlas/").content.decode()
    assert "alert(1)" in page
    assert "<script>alert" not in page
