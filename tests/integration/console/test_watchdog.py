"""A program that hangs is killed after a while; one that starts slowly, or cannot be asked, is left alone."""

import socket
import threading
import time
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from webapp.console import watchdog
from webapp.console.watchdog import Watched
from webapp.core.models import Heartbeat, Process


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


def test_a_web_server_that_takes_connections_and_answers_nothing_does_not_respond(monkeypatch):
    monkeypatch.setattr(watchdog, "ASK_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not watchdog.web_responds("127.0.0.1", silent.getsockname()[1])


@pytest.mark.django_db(transaction=True)
def test_beat_responds_while_it_reports():
    Heartbeat.objects.write(Process.BEAT)
    assert watchdog.beat_responds()
    Heartbeat.objects.update(seen_at=timezone.now() - timedelta(minutes=1))
    assert not watchdog.beat_responds()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("seconds", "status"), [(5, 0), (60, 1)])
def test_a_cluster_asks_by_a_command_whether_beat_responds(seconds, status):
    Heartbeat.objects.create(process=Process.BEAT, seen_at=timezone.now() - timedelta(seconds=seconds))
    with pytest.raises(SystemExit) as left:
        call_command("run_part", "beat", "--probe", "--skip-checks")
    assert left.value.code == status


def test_a_database_that_takes_connections_and_answers_nothing_does_not_respond(monkeypatch):
    monkeypatch.setattr(watchdog, "ASK_SECONDS", 2)
    assert watchdog.database_responds()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none")
        assert not watchdog.database_responds()
    assert watchdog.database_responds(), "A refused connection is a response: the server is away, and comes back."
