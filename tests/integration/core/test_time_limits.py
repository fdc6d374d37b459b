"""The web server's statements have time limits, downloads have none, and only its own sessions."""

from contextlib import closing, contextmanager

import django.db
import pytest
from django.db import connections, transaction

from webapp.archive.models import Survey
from webapp.core.postgresql.time_limits import limit_statements
from webapp.workflow_settings.change_workflow import change_workflow, open_workflow

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_options(monkeypatch):
    options = connections.settings["default"]["OPTIONS"]
    monkeypatch.setitem(options, "options", options["options"])
    return options


@contextmanager
def session():
    with closing(connections.create_connection("default")) as fresh, fresh.cursor() as cursor:
        yield cursor


def limits():
    with session() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
        return cursor.fetchone()


def test_only_a_process_that_asks_for_limits_has_them():
    assert limits() == ("0", "0")
    limit_statements(60, 30)
    assert limits() == ("1min", "30s")


def test_the_options_of_the_address_win(own_options):
    own_options["options"] += " -c lock_timeout=7s"
    limit_statements(60, 30)
    assert limits() == ("1min", "7s")


def test_behind_a_pooler_nothing_is_sent(settings, own_options):
    settings.PREPARE_STATEMENTS = False
    before = own_options["options"]
    limit_statements(60, 30)
    assert own_options["options"] == before


def test_a_statement_ends_after_its_time():
    limit_statements(0.3, 0)
    with session() as cursor, pytest.raises(django.db.OperationalError, match="statement timeout"):
        cursor.execute("SELECT pg_sleep(30)")


def test_a_wait_for_a_lock_ends_after_its_time():
    limit_statements(0, 0.3)
    with session() as holding, session() as waiting:
        holding.execute("SELECT pg_advisory_lock(4711)")
        with pytest.raises(django.db.OperationalError, match="lock timeout"):
            waiting.execute("SELECT pg_advisory_lock(4711)")


def test_a_download_takes_longer_than_any_of_its_fetches():
    limit_statements(0.5, 0)
    with closing(connections.create_connection("default")) as fresh, fresh.chunked_cursor() as cursor:
        cursor.itersize = 1
        cursor.execute("SELECT pg_sleep(0.2), n FROM generate_series(1, 5) AS n")
        rows = []
        while found := cursor.fetchmany(1):
            rows += found
    assert len(rows) == 5


def test_filling_the_queue_of_a_large_workflow_may_take_its_time():
    def limit():
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            return cursor.fetchone()[0]

    with connections["default"].cursor() as cursor:
        cursor.execute("SET statement_timeout = '7s'")
    try:
        survey = Survey.objects.create(slug="night", name="Night")
        with transaction.atomic():
            opened = open_workflow(
                survey=survey, slug="w", kind="stamp", subject_sets=[], is_active=False, name="W", question="Is it?"
            )
            assert limit() == "0"
        assert limit() == "7s"
        with transaction.atomic():
            change_workflow(workflow=opened.workflow, subject_sets=[], by=None)
            assert limit() == "0"
    finally:
        connections["default"].close()
