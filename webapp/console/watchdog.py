"""Watchdog of a one-machine site: kills a program that runs but no longer responds, so that it is started again.

A program that cannot be asked, because the database or the broker is away, is left alone.
"""

import logging
import os
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from webapp.core.dispatch import app
from webapp.core.models import Heartbeat, Process

log = logging.getLogger(__name__)

SILENT_SECONDS = 25.0
"""A program that has not responded for so long is killed; beat reports every 10 s, the others respond within one."""
START_SECONDS = 90.0
"""Time for a program to start, also on a slow and busy machine."""
PAUSE_SECONDS = 5.0
ASK_SECONDS = 5
CONNECTIONS = 16


@dataclass(frozen=True)
class Watched:
    """A program: whether it responds, asked in a thread of its own; how to kill it; when it started (monotonic)."""

    name: str
    responds: Callable[[], bool]
    kill: Callable[[], None]
    started: Callable[[], float] = lambda: 0.0

    def watch(self, over: threading.Event) -> None:
        """Ask again and again, until `over`."""
        heard = 0.0
        while not over.wait(PAUSE_SECONDS):
            if self.responds():
                heard = time.monotonic()
            elif self._hangs(heard) and not over.is_set():
                log.warning("%s has not responded for %.0f s and is killed.", self.name, SILENT_SECONDS)
                self.kill()
                heard = time.monotonic()

    def _hangs(self, heard: float) -> bool:
        """Return whether it has been silent for too long; before it first responds it may take its time."""
        started, now = self.started(), time.monotonic()
        patience = SILENT_SECONDS if heard > started else START_SECONDS
        return now - max(heard, started) > patience


@contextmanager
def watching(*watched: Watched) -> Iterator[None]:
    """Watch these programs inside the block."""
    over = threading.Event()
    for each in watched:
        threading.Thread(target=each.watch, args=[over], name=f"watchdog of {each.name}", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def web_responds(host: str, port: int) -> bool:
    """Return whether every one of several connections is answered: one process of two that hangs takes half of them."""
    try:
        for _ in range(CONNECTIONS):
            urllib.request.urlopen(f"http://{host}:{port}/health/live/", timeout=ASK_SECONDS).close()  # our own address
    except OSError:
        return False
    return True


def worker_responds() -> bool:
    try:
        return bool(app.control.ping(timeout=ASK_SECONDS, destination=[f"celery@{socket.gethostname()}"]))
    except (OperationalError, OSError):
        return True


def beat_responds() -> bool:
    """Return whether beat has reported lately; a report from the future is from before the clock was set back."""
    close_old_connections()
    late = timedelta(seconds=SILENT_SECONDS)
    recent = Heartbeat.objects.filter(seen_at__gt=Now() - late, seen_at__lt=Now() + late)
    try:
        return recent.filter(process=Process.BEAT).exists()
    except DatabaseError:
        return True


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
    """Kill the embedded server; its children notice, and `embedded_postgres.keep_running` starts it again."""
    with suppress(OSError, ValueError):
        number = (Path(settings.DATA) / "postgres" / "postmaster.pid").read_text().splitlines()[0]
        os.kill(int(number), signal.SIGKILL)
