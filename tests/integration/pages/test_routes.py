"""Each route of the URL resolver, asked by everybody: who lacks its role is refused, and nothing was written.

A new route has to be given a role in tests/integration/routes.py, or the first test fails.
"""

import re
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse, HttpResponseForbidden
from django.test import Client

from tests.integration.everything import KEY, NAME, make_everything, make_people
from tests.integration.people import HTMX
from tests.integration.routes import ACCOUNT, EVERYBODY, OWNER, ROLE_OF, SITE, all_routes
from tests.request_bodies import fields_taken
from webapp.archive.models import AuditEntry, Role

pytestmark = pytest.mark.django_db

BODY = {
    **dict.fromkeys(["survey", "workflow", "slug", "name", "path", "subject_set", "title", "question", "text"], NAME),
    **dict.fromkeys(["subject", "checkpoint", "pk", "thread", "board"], KEY),
    "subjects": [KEY],
    "verdict": "yes",
    "role": "stamp",
    "reason": "It is a test.",
    "kind": "stamp",
    "preset": "head",
}
"""Enough for most forms to be understood: a role must not be asked for only once a form is right."""
OF_FILES = ("api:survey-images",)
"""Routes of the API that take forms with files instead of JSON."""
LOWER = {
    SITE: [EVERYBODY, ACCOUNT, Role.SCIENTIST, Role.ADMIN],
    Role.ADMIN: [EVERYBODY, ACCOUNT, Role.VOLUNTEER, Role.MODERATOR, Role.SCIENTIST, "admin elsewhere"],
    Role.SCIENTIST: [EVERYBODY, ACCOUNT, Role.VOLUNTEER, Role.MODERATOR, "admin elsewhere"],
    Role.MODERATOR: [EVERYBODY, ACCOUNT, Role.VOLUNTEER, "admin elsewhere"],
    OWNER: [EVERYBODY, ACCOUNT, Role.ADMIN],
    ACCOUNT: [EVERYBODY],
}
"""Who must be refused, by the role of a route."""
BY_OTHER_MEANS = {
    "api:label-studio-setup": "takes a token",
    "api:label-studio-predict": "takes a token",
    "api:label-studio-versions": "takes a token",
    "api:ruling-undo": "a scientist undoes their own",
    "api:ruling-withdraw": "a scientist withdraws their own",
}
"""Where a role is not enough."""
UNCOUNTED = ("core_ratecount", "core_cache", "django_session")
"""Tables that a refused request may write: counts of requests, and sessions."""


@pytest.fixture
def plain_refusals(monkeypatch):
    """Refuse without a page around it: to render that takes longer than all the rest."""
    monkeypatch.setattr("django.views.defaults.permission_denied", lambda *_: HttpResponseForbidden())
    monkeypatch.setattr("webapp.api.errors.render", lambda *_, status: HttpResponse(status=status))


@pytest.fixture
def ask(plain_refusals):
    """Return a function that sends a request as somebody; nothing stays of it. It returns the answer and its writes."""
    survey = make_everything()
    people = make_people(survey)
    people[OWNER] = type(people[ACCOUNT]).objects.get(pk=KEY)
    clients = {name: Client(raise_request_exception=False) for name in (EVERYBODY, *people)}
    sessions = {}
    for name, user in people.items():
        clients[name].force_login(user)
        sessions[name] = clients[name].cookies[settings.SESSION_COOKIE_NAME].value

    def ask(who, method, route, headers=None, **others):
        client = clients[who]
        client.cookies.clear()
        if who in sessions:
            client.cookies[settings.SESSION_COOKIE_NAME] = sessions[who]
        is_api = route.name.startswith("api:")
        is_json = is_api and method != "get" and route.name not in OF_FILES
        options = {"headers": headers} | ({"content_type": "application/json"} if is_json else {})
        address = route.at(**others)
        if method != "get":
            taken = fields_taken(method, address) if is_api else BODY.keys() - {"subjects"}
            options["data"] = {name: value for name, value in BODY.items() if name in taken}
        with writes() as found, transaction.atomic():
            answer = getattr(client, method)(address, **options)
            list(answer) if answer.streaming else None  # which closes its files
            acts = list(AuditEntry.objects.exclude(pk=KEY).values_list("act", flat=True))
            transaction.set_rollback(True)
        return answer, found, acts

    return ask


@contextmanager
def writes():
    """Collect the statements that write to other tables than a refused request may."""
    found = []

    def note(execute, sql, params, many, context):
        text = str(sql)
        if re.match(r"\s*(INSERT|UPDATE|DELETE|COPY|WITH\b.*\b(INSERT|UPDATE|DELETE)\b)", text, re.S):
            found.extend([] if any(table in text for table in UNCOUNTED) else [text])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


def is_refused(answer):
    if answer.status_code in (301, 302):
        return answer.url.startswith("/accounts/login/")
    return answer.status_code in (401, 403, 404, 405)


def is_understood_first(answer, route):
    """The API may say what is wrong with a request before it looks who sends it; it then stores nothing."""
    return route.name.startswith("api:") and answer.status_code == 400


def is_list_of_own(who, method, route):
    """An admin of another survey gets a list of that one's rows."""
    return who == "admin elsewhere" and method == "get" and route.name.endswith(("-list", ":scores"))


def test_every_route_has_a_role():
    names = {route.key for route in all_routes()}
    listed = {name.removeprefix("POST ") for name in ROLE_OF}
    assert sorted(names - listed) == [], "give them a role in tests/integration/routes.py"
    assert sorted(listed - names) == [], "there is no such route any more"


@pytest.mark.parametrize("role", LOWER)
def test_who_lacks_the_role_is_refused_and_nothing_is_written(ask, role):
    wrong = []
    for route in all_routes():
        for method in route.methods:
            if route.role(method) != role:
                continue
            for who in LOWER[role]:
                answer, written, acts = ask(who, method, route)
                is_out = is_refused(answer) or is_understood_first(answer, route) or is_list_of_own(who, method, route)
                if not is_out or written or acts:
                    wrong.append((route.name, method, who, answer.status_code, written[:1]))
                if answer.status_code == 405:
                    break  # whoever asks
    assert wrong == []


@pytest.mark.parametrize("role", [SITE, Role.ADMIN, Role.SCIENTIST, Role.MODERATOR])
def test_who_has_the_role_is_let_in(ask, role):
    """A role that nobody has would pass the test above."""
    wrong = []
    for route in all_routes():
        for method in route.methods:
            if route.role(method) == role:
                answer, _, _ = ask(role, method, route)
                if is_refused(answer) and answer.status_code not in (404, 405) and route.name not in BY_OTHER_MEANS:
                    wrong.append((route.name, method, answer.status_code))
    assert wrong == []


OF_A_SURVEY = {"pk", "subject", "tracklet", "workflow", "digest"}
"""Arguments that name something of a survey, besides the survey itself."""


FOUND_NOTHING = {"linking-reopen", "linking-take-back"}
"""They look for a link among the survey's own, and lead back to its page, whatever they found."""


def test_nobody_reaches_another_surveys_things_through_their_own(ask):
    wrong = []
    for route in all_routes():
        if "slug" not in route.arguments or not OF_A_SURVEY.intersection(route.arguments):
            continue
        for method in route.methods:
            answer, written, _acts = ask("admin elsewhere", method, route, headers=HTMX, slug="elsewhere")
            changed = [text for text in written if "archive_auditentry" not in text and route.name not in FOUND_NOTHING]
            is_led_back = route.name in FOUND_NOTHING and answer.status_code == 302
            if changed or not (is_led_back or answer.status_code in (403, 404, 405)):
                wrong.append((route.name, method, answer.status_code, changed[:1]))
    assert wrong == []


NO_ADMIN_ACT: dict[str, str] = {}
"""Writes on an admin's routes that leave no entry in the audit log, each with its reason."""


def test_every_write_of_an_admin_is_in_the_audit_log(ask):
    missing, recorded = [], set()
    for route in all_routes():
        for method in set(route.methods) - {"get"}:
            role = route.role(method)
            if role not in (SITE, Role.ADMIN):
                continue
            answer, _, acts = ask(role, method, route)
            is_write = answer.status_code != 405 and not is_understood_first(answer, route)
            recorded.update(acts)
            if is_write and acts != [route.name.split(":")[-1]] and route.name not in NO_ADMIN_ACT:
                missing.append((route.name, method, answer.status_code, acts))
    assert missing == [], missing
    assert recorded >= {"member-add", "promote", "survey-new", "retention-start", "site-user-act", "survey-images"}
    assert len(recorded) > 30
