"""A statement that waits for a database server which hangs fails soon; one that only takes long does not."""

import threading
import time
from contextlib import suppress

import psutil
import psycopg
import pytest
from psycopg.pq import TransactionStatus

from bench.chaos.hanging import hanging
from bench.chaos.replicas import Server
from tests.acceptance.running_site import free_port
from webapp.core.postgresql import hung_server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    for each in (folder, *folder.parents[:3]):
        each.chmod(0o755)  # PostgreSQL runs as somebody else
    folder.chmod(0o777)
    server = Server(folder / "data", free_port())
    server.make()
    server.start()
    yield server
    backends = psutil.Process(server.pid).children()
    server.kill()  # first: it would end the others itself once one is killed
    for each in backends:
        with suppress(psutil.NoSuchProcess):
            each.kill()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(hung_server, "ASK_SECONDS", 2)


def asking(connection, sql):
    """Run a statement in a thread; once the server has it, return the thread, and what becomes of it."""
    outcome = []

    def ask():
        try:
            outcome.append(connection.execute(sql).fetchone())
        except psycopg.OperationalError as error:
            outcome.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while connection.pgconn.transaction_status != TransactionStatus.ACTIVE:
        assert thread.is_alive(), outcome
        time.sleep(0.01)
    return thread, outcome


@pytest.fixture
def connections(server):
    """Two connections, watched by nobody but the test."""
    found = [psycopg.connect(server.url, autocommit=True) for _ in range(2)]
    hung_server._watched.update(found)
    yield found
    hung_server._watched.difference_update(found)
    for each in found:
        each.close()


def test_what_waits_for_a_server_that_hangs_fails_and_idle_connections_are_closed_too(server, connections):
    waiting, idle = connections
    with hanging(server.pid):
        thread, outcome = asking(waiting, "SELECT 1")
        before = hung_server.end_hung(set())
        assert before == {waiting}
        hung_server.end_hung(before)
        thread.join(5)
        [error] = outcome
        assert isinstance(error, psycopg.OperationalError)
    with pytest.raises(psycopg.OperationalError):
        idle.execute("SELECT 1")


def test_a_long_statement_of_a_server_that_lives_goes_on(connections):
    thread, outcome = asking(connections[0], "SELECT 7 FROM pg_sleep(2)")
    hung_server.end_hung(hung_server.end_hung(set()))
    thread.join(10)
    assert outcome == [(7,)]
    assert connections[1].execute("SELECT 8").fetchone() == (8,)


@pytest.mark.django_db
def test_the_sites_own_connections_are_watched(django_db_blocker):
    from django.db import connection

    connection.ensure_connection()
    assert connection.connection in hung_server._watched
    assert any(thread.is_alive() for thread in hung_server._threads)
