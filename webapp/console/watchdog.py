"""Watchdog: kills a program that runs but no longer responds, so that it is started again.

A program that cannot be asked, because the database or the broker is away, is left alone. Where no worker has looked
for problems for some minutes, the watchdog does, so that administrators are told of them.
"""

import json
import logging
import os
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any

import psutil
import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, close_old_connections, connection, connections
from django.db.models.functions import Now

from webapp.console.processes import worker_name
from webapp.core.dispatch import app
from webapp.core.health import somebody_works
from webapp.core.models import Heartbeat, Process, Worker
from webapp.operations import alerts, restarts
from webapp.operations.job_overview import job_models
from webapp.streams.models import Stream

log = logging.getLogger(__name__)

SILENT_SECONDS = 25.0
"""A program that has not responded for so long is killed; beat and workers' children report every 10 s."""
DATABASE_SILENT_SECONDS = 15.0
"""The same for the database: nobody gets an answer meanwhile, and it loses nothing when it is killed."""
START_SECONDS = 90.0
"""Time for a program to start, also on a slow and busy machine."""
PAUSE_SECONDS = 5.0
PAUSE_WHEN_SILENT = 1.0
"""Whoever did not respond is asked again sooner: each question that gets no answer itself takes ASK_SECONDS."""
ALERTS_PAUSE = timedelta(seconds=60)
ASK_SECONDS = 5
CONNECTIONS = 16
POLLED_SECONDS = 600.0
"""A batch of an API's alerts may take so long: each answer may take two minutes."""


@dataclass(frozen=True)
class Watched:
    """A program: whether it responds, asked in a thread of its own; how to kill it; when it started (monotonic)."""

    name: str
    responds: Callable[[], bool]
    kill: Callable[[], None]
    started: Callable[[], float] = lambda: 0.0
    silent_seconds: float | None = None  # SILENT_SECONDS

    def watch(self, over: threading.Event) -> None:
        """Ask again and again, until `over`."""
        heard, pause = 0.0, PAUSE_SECONDS
        while not over.wait(pause):
            pause = PAUSE_SECONDS
            if responds_or_unknown(self.responds):
                heard = time.monotonic()
                continue
            pause = min(PAUSE_SECONDS, PAUSE_WHEN_SILENT)
            if self._hangs(heard) and not over.is_set():
                log.warning("%s has not responded for %.0f s and is killed.", self.name, self._patience)
                self.kill()
                heard = time.monotonic()

    def _hangs(self, heard: float) -> bool:
        """Return whether it has been silent for too long; before it first responds it may take its time."""
        started, now = self.started(), time.monotonic()
        patience = self._patience if heard > started else START_SECONDS
        return now - max(heard, started) > patience

    @property
    def _patience(self) -> float:
        return SILENT_SECONDS if self.silent_seconds is None else self.silent_seconds


def responds_or_unknown(responds: Callable[[], bool]) -> bool:
    """Return whether a program responds, and True if that cannot be asked."""
    try:
        return responds()
    except Exception as error:  # libraries of databases and brokers may raise anything
        log.warning("The watchdog cannot ask whether a program responds: %r", error)
        return True


@contextmanager
def watching(*watched: Watched) -> Iterator[None]:
    """Watch these programs inside the block, store restarts, and send the alerts that no worker sends."""
    over = threading.Event()
    threading.Thread(target=_send_late_alerts, args=[over], name="alerts", daemon=True).start()
    threading.Thread(target=_store_restarts, args=[over], name="restarts", daemon=True).start()
    for each in watched:
        threading.Thread(target=each.watch, args=[over], name=f"watchdog of {each.name}", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _send_late_alerts(over: threading.Event) -> None:
    """Do what workers left undone, again and again; not at once, since workers have just been started too."""
    pause = alerts.LATE
    while not over.wait(pause.total_seconds()):
        pause = ALERTS_PAUSE
        try:
            alerts.check_if_late()
        except Exception as error:  # again, whatever it is
            log.warning("The watchdog could not look for problems; it tries again: %r", error)
        finally:
            connection.close()


def _store_restarts(over: threading.Event) -> None:
    """Store what this process, and the one before it, has noted, once the database takes it."""
    while not over.wait(PAUSE_SECONDS):
        try:
            restarts.store()
        except Exception as error:  # again, whatever it is
            log.warning("The watchdog could not store that a part was started again; it tries again: %r", error)
        finally:
            connection.close()


DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Asks without a proxy, whatever the environment names: docker puts one there, and that does not know our address."""


def web_responds(host: str, port: int) -> bool:
    """Return whether every one of several connections is answered, and no process's threads are stuck.

    One process of two that hangs takes half of the connections. Threads are stuck when none has finished a request for
    a while and all are busy: they wait for a lock, or for what never comes. They may also wait for a database that does
    not answer: that raises an error, and is not the web server's fault.
    """
    try:
        stuck = max(_stuck_seconds(host, port) for _ in range(CONNECTIONS))
    except (OSError, HTTPException):
        return False
    if stuck < settings.WEB_STUCK_SECONDS:
        return True
    _ask_database()
    log.warning("The web server's threads are all busy, and none has finished a request for %.0f s.", stuck)
    return False


def _stuck_seconds(host: str, port: int) -> float:
    with DIRECTLY.open(f"http://{host}:{port}/health/live/", timeout=ASK_SECONDS) as answer:
        return float(json.load(answer)["stuck_seconds"])


def _ask_database() -> None:
    """Raise an error if the database does not answer a new connection."""
    with closing(connections.create_connection(DEFAULT_DB_ALIAS)) as fresh, fresh.cursor() as cursor:
        cursor.execute("SELECT 1")


def worker_responds(queues: str = "") -> bool:
    """Return whether the worker's parent answers, one of its children reports, and it takes tasks.

    A parent answers while all of its children hang; they report whatever their queues (tasks/queue_report.py). That a
    worker takes tasks shows in the sweeps, if it serves them: one was run, or all are at work. They are if a job's
    lease is being renewed, or on a task that is no job, which Celery's time limit ends. Without beat, there are none.
    """
    close_old_connections()
    node = worker_name(queues)
    asked = app.control.inspect(destination=[node], timeout=ASK_SECONDS).active()
    if not asked or not Worker.objects.of(node).recent(timedelta(seconds=SILENT_SECONDS)).exists():
        return False
    return not _serves_sweeps(queues) or _takes_tasks() or _is_on_short_task(asked) or somebody_works()


def _serves_sweeps(queues: str) -> bool:
    return not queues or "sweep" in queues.split(",")


def _takes_tasks() -> bool:
    """Return whether one of the last two sweeps has been run, a while after it was due, or beat sends none."""
    late = 2 * settings.SWEEP_SECONDS + PAUSE_SECONDS
    return _reported(Process.WORKER, late) or not _reported(Process.BEAT, SILENT_SECONDS)


def _is_on_short_task(active: dict[str, list[dict[str, Any]]]) -> bool:
    """Return whether a child has started a task that is no job."""
    jobs = {model.task for model in job_models().values()}
    return any(task["name"] not in jobs for tasks in active.values() for task in tasks)


def beat_responds() -> bool:
    close_old_connections()
    return _reported(Process.BEAT, SILENT_SECONDS)


def listener_responds(survey: str, topic: str, *, is_polled: bool, seconds: float = PAUSE_SECONDS + 1) -> bool:
    """Return whether the listener has reported in the last seconds; one of a polled API waits for slow answers."""
    close_old_connections()
    late = timedelta(seconds=POLLED_SECONDS if is_polled else seconds)
    recent = Stream.objects.filter(heard_at__gt=Now() - late, heard_at__lt=Now() + late)
    return recent.filter(survey__slug=survey, topic=topic).exists()


def _reported(process: Process, seconds: float) -> bool:
    return Heartbeat.objects.recent(timedelta(seconds=seconds)).filter(process=process).exists()


def database_responds() -> bool:
    """Return False if the embedded server takes no connection in time; a refusal is a response."""
    try:
        psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=ASK_SECONDS).close()
    except psycopg.errors.ConnectionTimeout:
        return False
    except psycopg.OperationalError:
        return True
    return True


def kill_database() -> None:
    """Kill the embedded server, so that `embedded_postgres.keep_running` starts it again.

    Its children end by themselves, but those that hang do not, and no other server starts while they hold its memory.
    """
    with suppress(OSError, ValueError, psutil.NoSuchProcess):
        number = (Path(settings.DATA) / "postgres" / "postmaster.pid").read_text().splitlines()[0]
        server = psutil.Process(int(number))
        for each in (server, *server.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                each.kill()
