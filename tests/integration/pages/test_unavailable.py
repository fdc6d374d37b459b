"""A database that is busy or away: 503, which says what happened, what to do and when, instead of a server error."""

from contextlib import closing, contextmanager

import psycopg
import pytest
from django.db import connections
from django.test import Client
from psycopg import errors

from tests.integration import people
from tests.integration.world import make_volunteer, make_workflow
from webapp.archive.models import Survey
from webapp.community.models import Favourite
from webapp.core.logs import ContextFilter
from webapp.core.postgresql.unavailable import unavailable

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lines(caplog):
    caplog.handler.addFilter(ContextFilter())
    yield caplog
    caplog.handler.filters.clear()


@contextmanager
def locked(model, mode):
    """Let another session hold a table."""
    with closing(connections.create_connection("default")) as other, other.cursor() as cursor:
        other.set_autocommit(False)
        cursor.execute(f'LOCK TABLE "{model._meta.db_table}" IN {mode} MODE')
        yield
        other.rollback()


@pytest.fixture
def locked_surveys(survey):
    with locked(Survey, "ACCESS EXCLUSIVE"):
        yield


@pytest.fixture(params=[("statement_timeout", "60"), ("lock_timeout", "30")], ids=lambda limit: limit[0])
def limit(request):
    """This session has a short limit; return for how many seconds the site then asks to wait."""
    name, seconds = request.param
    with connections["default"].cursor() as cursor:
        cursor.execute(f"SET {name} = '200ms'")
    yield seconds
    connections["default"].close()


def asked(path, **options):
    return Client(raise_request_exception=False).get(path, **options)


def test_a_page_says_what_happened_and_what_to_do_and_the_log_has_its_number(limit, locked_surveys, lines):
    answer = asked("/surveys/atlas/")
    assert (answer.status_code, answer["Retry-After"]) == (503, limit)
    text = answer.content.decode()
    assert "Try again in" in text
    assert answer["X-Request-ID"] in text
    [logged] = [record for record in lines.records if "Service Unavailable" in record.getMessage()]
    assert logged.context == f"request {answer['X-Request-ID']}"
    assert logged.exc_info, "an admin needs to know which statement"


def test_the_api_says_so_in_json(limit, locked_surveys):
    answer = asked("/api/surveys/", headers={"accept": "text/html"})
    assert (answer.status_code, answer["Retry-After"]) == (503, limit)
    assert "Try again in" in answer.json()["detail"]


def test_a_part_of_a_page_is_refused_as_by_any_other_error_so_that_the_page_stays(limit, locked_surveys):
    answer = asked("/surveys/atlas/figures/", headers={"hx-request": "true"})
    assert (answer.status_code, answer["Retry-After"]) == (503, limit)


def test_a_write_that_waited_too_long_has_stored_nothing_and_may_be_sent_again(limit):
    [entry] = make_workflow(subjects=1).queue.all()
    vera = people.browser(make_volunteer("vera").user)
    vera.raise_request_exception = False
    address = f"/you/favourites/{entry.subject_id}/"
    with locked(Favourite, "EXCLUSIVE"):
        answer = vera.post(address, {"favourite": "yes"}, headers={"hx-request": "true"})
    assert (answer.status_code, answer["Retry-After"]) == (503, limit)
    assert not Favourite.objects.exists()
    assert vera.post(address, {"favourite": "yes"}).status_code in (200, 302)
    assert Favourite.objects.count() == 1


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (errors.QueryCanceled, 60),
        (errors.LockNotAvailable, 30),
        (errors.DeadlockDetected, 30),
        (errors.AdminShutdown, 10),
        (errors.TooManyConnections, 10),
        (psycopg.OperationalError, 10),
        (errors.DiskFull, None),
        (errors.UniqueViolation, None),
    ],
)
def test_only_what_may_go_well_in_a_while_is_worth_another_try(error, seconds):
    reason = unavailable(error("It failed."))
    assert (reason and reason.retry_after) == seconds
    wrapped = RuntimeError()
    wrapped.__cause__ = error("It failed.")
    assert unavailable(wrapped) == reason


def test_without_a_database_the_site_says_so(monkeypatch):
    def away(*_, **__):
        raise psycopg.OperationalError("connection refused")

    connections["default"].close()
    monkeypatch.setattr(psycopg, "connect", away)
    monkeypatch.setattr(connections["default"], "get_new_connection", away)
    answer = asked("/surveys/atlas/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert b"reach its database" in answer.content


def test_any_other_error_is_the_servers_fault(monkeypatch, survey):
    monkeypatch.setattr("webapp.archive.subject_views.render", lambda *_, **__: 1 / 0)
    answer = asked("/surveys/atlas/")
    assert (answer.status_code, answer.get("Retry-After")) == (500, None)
    assert b"Server error" in answer.content
