"""A program that hangs is killed after a while; one that starts slowly, or cannot be asked, is left alone."""

import json
import socket
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import amqp
import django.db
import pytest
import redis
from celery import Celery
from django.core.management import call_command
from django.db import connections
from django.utils import timezone
from kombu.exceptions import OperationalError

from tests.acceptance import brokers
from tests.acceptance.running_site import free_port
from webapp.archive.models import IngestRun, Survey
from webapp.console import site, watchdog
from webapp.console.processes import worker_name
from webapp.console.watchdog import Watched
from webapp.core.models import Heartbeat, Process, Worker


class Program:
    """Hangs from the beginning, or responds for some time first; answers again once it was killed `enough` times."""

    def __init__(self, responds, enough):
        self.responses, self.enough, self.kills = iter([True] * responds), enough, 0
        self.over = threading.Event()
        self.asked = 0

    def responds(self):
        self.asked += 1
        return next(self.responses, False)

    def kill(self):
        self.kills += 1
        if self.kills == self.enough:
            self.over.set()


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(watchdog, "PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(watchdog, "SILENT_SECONDS", 0.0)


def test_a_program_that_no_longer_responds_is_killed_again_and_again(quick):
    program = Program(responds=3, enough=2)
    Watched("It", program.responds, program.kill).watch(program.over)
    assert program.kills == 2
    assert program.asked >= 5


def test_a_program_that_has_just_started_has_time(quick):
    program = Program(responds=0, enough=1)
    begun = time.monotonic()
    watching = Watched("It", program.responds, program.kill, lambda: begun)
    thread = threading.Thread(target=watching.watch, args=[program.over])
    thread.start()
    while program.asked < 10:
        time.sleep(0.001)
    program.over.set()
    thread.join()
    assert program.kills == 0


def test_a_program_that_did_not_respond_is_asked_again_soon(monkeypatch):
    monkeypatch.setattr(watchdog, "SILENT_SECONDS", 1.0)
    program, pauses = Program(responds=1, enough=1), []
    monkeypatch.setattr(program.over, "wait", lambda seconds: pauses.append(seconds) or program.over.is_set())
    monkeypatch.setattr(watchdog.time, "monotonic", lambda: 0.6 * program.asked)
    Watched("It", program.responds, program.kill).watch(program.over)
    assert pauses[:3] == [5.0, 5.0, 1.0]


def test_a_web_server_that_takes_connections_and_answers_nothing_does_not_respond(monkeypatch):
    monkeypatch.setattr(watchdog, "ASK_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not watchdog.web_responds("127.0.0.1", silent.getsockname()[1])


class Alive(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"status": "ok", "stuck_seconds": self.server.stuck}).encode())

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def web_server(stuck=0.0):
    """A web server that answers, and says for how long its threads have been stuck."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Alive) as server:
        server.stuck = stuck
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def test_a_web_server_behind_a_proxy_for_the_rest_of_the_world_responds(monkeypatch):
    monkeypatch.setattr("urllib.request._opener", None)  # made anew, from the environment
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with web_server() as port:
        assert watchdog.web_responds("0.0.0.0", port)
        site._wait_until_ready("127.0.0.1", port)


@pytest.mark.django_db(transaction=True)
def test_a_web_server_whose_threads_are_stuck_does_not_respond_unless_it_is_the_database_that_hangs(
    settings, monkeypatch, caplog
):
    settings.WEB_STUCK_SECONDS = 120.0
    with web_server(stuck=119.0) as port:
        assert watchdog.web_responds("127.0.0.1", port), "busy"
    with web_server(stuck=121.0) as port:
        assert not watchdog.web_responds("127.0.0.1", port)
        assert "none has finished a request for 121 s" in caplog.text
        monkeypatch.setitem(connections["default"].settings_dict, "PORT", str(free_port()))
        with pytest.raises(django.db.OperationalError):
            watchdog.web_responds("127.0.0.1", port)


def fall_silent(process):
    Heartbeat.objects.filter(process=process).update(seen_at=timezone.now() - timedelta(minutes=1))


@pytest.mark.django_db(transaction=True)
def test_beat_responds_while_it_reports():
    Heartbeat.objects.write(Process.BEAT)
    assert watchdog.beat_responds()
    fall_silent(Process.BEAT)
    assert not watchdog.beat_responds()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("seconds", "status"), [(5, 0), (60, 1)])
def test_a_cluster_asks_by_a_command_whether_beat_responds(seconds, status):
    Heartbeat.objects.create(process=Process.BEAT, seen_at=timezone.now() - timedelta(seconds=seconds))
    with pytest.raises(SystemExit) as left:
        call_command("run_part", "beat", "--probe", "--skip-checks")
    assert left.value.code == status


class Parent:
    """The worker's parent process: which tasks its children have started, or None if it does not answer."""

    def __init__(self):
        self.started = []

    def inspect(self, **asked):
        return self

    def active(self):
        return None if self.started is None else {"celery@here": [{"name": name} for name in self.started]}


@pytest.fixture
def parent(monkeypatch):
    """A worker whose parent answers, and of whose children none has run a sweep for a minute, although beat sends them.

    They report, as do those of this machine's workers on other queues.
    """
    parent = Parent()
    monkeypatch.setattr(watchdog.app, "control", parent)
    for process in Process:
        Heartbeat.objects.write(process)
    fall_silent(Process.WORKER)
    for queues in ("", "training", "training,export", "sweep,jobs"):
        Worker.objects.write(f"{worker_name(queues)} 17", queues.split(","))
    return parent


@pytest.fixture
def job(parent):
    """A job that the worker has begun."""
    survey = Survey.objects.create(slug="atlas", name="ATLAS")
    row = IngestRun.objects.create(survey=survey, path="night", subject_set="night")
    parent.started = [IngestRun.task]
    return IngestRun.objects.claim(row.pk)


@pytest.mark.django_db(transaction=True)
def test_a_worker_whose_children_run_no_sweep_does_not_respond_though_its_parent_answers(parent):
    assert not watchdog.worker_responds()
    Heartbeat.objects.write(Process.WORKER)
    assert watchdog.worker_responds()
    parent.started = None
    assert not watchdog.worker_responds()


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_renews_a_job_responds_until_the_lease_runs_out(job):
    assert watchdog.worker_responds()
    IngestRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert not watchdog.worker_responds()


@pytest.mark.django_db(transaction=True)
def test_a_worker_responds_while_it_is_on_a_short_task_which_its_time_limit_ends(parent):
    parent.started = ["tasks.housekeeping.run"]
    assert watchdog.worker_responds()


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_nobody_sends_sweeps_is_left_alone(parent):
    fall_silent(Process.BEAT)
    assert watchdog.worker_responds()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("queues", "responds"), [("training", True), ("training,export", True), ("sweep,jobs", False)])
def test_a_worker_is_not_blamed_for_tasks_that_are_in_the_queues_of_others(parent, queues, responds):
    assert watchdog.worker_responds(queues) is responds
    parent.started = None
    assert not watchdog.worker_responds(queues)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("queues", ["", "training"])
def test_a_worker_does_not_respond_when_its_children_no_longer_report_whatever_its_queues(parent, queues):
    Heartbeat.objects.write(Process.WORKER)
    assert watchdog.worker_responds(queues)
    silent = Worker.objects.filter(name=f"{worker_name(queues)} 17")
    silent.update(seen_at=timezone.now() - timedelta(minutes=1))
    assert not watchdog.worker_responds(queues)
    Worker.objects.write(f"{worker_name(queues)} 18", [])
    assert watchdog.worker_responds(queues), "It was started again."


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "error", [OperationalError, redis.exceptions.ConnectionError, amqp.exceptions.RecoverableConnectionError]
)
def test_a_worker_whose_broker_was_away_is_left_alone_then_and_killed_if_it_hangs_later(
    parent, quick, monkeypatch, error
):
    worker = Program(responds=0, enough=1)

    def active():
        worker.asked += 1
        if worker.asked < 5:
            raise error

    monkeypatch.setattr(parent, "active", active)
    Watched("The worker", watchdog.worker_responds, worker.kill).watch(worker.over)
    assert worker.asked == 5


def test_a_worker_whose_redis_has_died_is_left_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(watchdog, "ASK_SECONDS", 0.5)
    with brokers.redis(tmp_path) as url:
        monkeypatch.setattr(watchdog, "app", Celery(broker=url, set_as_current=False))
        assert not watchdog.responds_or_unknown(watchdog.worker_responds), "nobody answers"
    assert watchdog.responds_or_unknown(watchdog.worker_responds), "nobody can be asked"


def test_a_database_that_takes_connections_and_answers_nothing_does_not_respond(monkeypatch):
    monkeypatch.setattr(watchdog, "ASK_SECONDS", 2)
    assert watchdog.database_responds()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none")
        assert not watchdog.database_responds()
    assert watchdog.database_responds(), "A refused connection is a response: the server is away, and comes back."
