"""A job that loses the database is not failed: it goes on once there is one again, or its lease has expired."""

import django.db
import psycopg
import pytest
from django.db import connection

from tasks import base_task
from tests.integration.learning import sky
from webapp.archive.models import IngestRun
from webapp.core.jobs import JobState
from webapp.core.sql import through_restarts

pytestmark = pytest.mark.django_db

LOST = [django.db.OperationalError, django.db.InterfaceError, psycopg.OperationalError, psycopg.InterfaceError]


@pytest.fixture
def row():
    run = IngestRun.objects.create(survey=sky.survey(), path="/nowhere", subject_set="night")
    return IngestRun.objects.claim(run.pk)


@pytest.mark.parametrize("error", LOST)
def test_it_stays_open_whichever_library_says_so(row, error):
    def cut_off(row):
        raise error("consuming input failed: Connection timed out")

    base_task._work(cut_off, row)
    row.refresh_from_db()
    assert (row.state, row.error) == (JobState.RUNNING, "")


@pytest.mark.django_db(transaction=True)
def test_it_is_given_back_when_the_database_answers_again(row, monkeypatch):
    sent = []
    monkeypatch.setattr("webapp.core.dispatch._publish", lambda *message: sent.append(message))

    def cut_off(row):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    base_task._work(cut_off, row)
    row.refresh_from_db()
    assert (row.state, sent) == (JobState.RUNNING, [(IngestRun.task, (row.pk,))])
    assert IngestRun.objects.claim(row.pk).attempts == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", LOST)
def test_a_write_is_done_again(error, monkeypatch):
    monkeypatch.setattr("webapp.core.sql.WAITS", (0,))
    attempts = []

    def write():
        attempts.append(1)
        if len(attempts) == 1:
            raise error("server closed the connection unexpectedly")
        return "written"

    assert through_restarts(write) == "written"
