"""Run a whole site from one process: database, web server, worker and beat."""

import logging
import os
import signal
import socket
import time
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from types import FrameType

from django.conf import settings
from django.core.management import CommandError, call_command
from fasteners import InterProcessLock

from webapp.console import watchdog
from webapp.console.processes import Child, beat, end, shorten, web, worker
from webapp.console.watchdog import Watched
from webapp.core import embedded_postgres, static_files
from webapp.core.stored_messages import Sentence
from webapp.operations import restarts

log = logging.getLogger(__name__)

READY_SECONDS = 60.0
GONE = Sentence("It had ended, or no longer responded.")

Say = Callable[[str], object]
"""Reports progress in the terminal."""


LAST_PORT = 65_535


class Ended(BaseException):
    """A signal asked the site to stop; logging, which a signal may interrupt, would catch an Exception and go on."""


def check_port(host: str, port: int) -> None:
    """Raise CommandError if the port is taken or not permitted, or there is no such port."""
    if not 0 < port <= LAST_PORT:
        raise CommandError(f"A port is a number from 1 to {LAST_PORT}, not {port}.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} on {host} cannot be used ({error.strerror}). Another site may be running; "
                f"stop it, or choose another port: manage.py up --port {port + 1}"
            ) from error


@contextmanager
def only_site() -> Iterator[None]:
    """Hold the data folder for this site, until its process ends.

    Raises CommandError if another site runs from it: every scheduled job would start twice.
    """
    lock = InterProcessLock(Path(settings.DATA) / "site.lock")
    if not lock.acquire(blocking=False):
        raise CommandError(
            f"Another site runs from {settings.DATA} already. Stop it first, or set WANDERERS_DATA to another folder."
        )
    try:
        yield
    finally:
        lock.release()


def check_pixels() -> None:
    """Raise CommandError if PIXELS is a folder that cannot be written."""
    if "://" in settings.PIXELS:
        return
    folder = Path(settings.PIXELS)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CommandError(
            f"Pixels cannot be written to {folder} ({error.strerror}). Correct PIXELS, or who may write there."
        ) from error


def prepare(say: Say) -> None:
    """Migrate the database and update static files."""
    say("Bringing the database up to date …")
    call_command("migrate", verbosity=0, interactive=False)
    say("Bringing the static files up to date …")
    static_files.collect_static_files()


@contextmanager
def running(host: str, port: int, concurrency: int, say: Say) -> Iterator[list[Child]]:
    """Run the site's processes inside the block, and stop them all after it.

    The web server starts first: the worker, which loads all of the science, would slow it down.
    """
    with only_site():
        check_pixels()
        check_port(host, port)
        prepare(say)
        logs = private_log_folder()
        server, background = web(host, port, logs), [worker(concurrency, logs), beat(logs)]
        with _started(host, port, server, background, say) as children:
            yield children


@contextmanager
def _started(host: str, port: int, server: Child, background: list[Child], say: Say) -> Iterator[list[Child]]:
    children = [server, *background]
    with _signals_as_exceptions():
        try:
            say("Starting the web server …")
            server.start()
            _wait_until_ready(host, port)
            for child in background:
                child.start()
            with watchdog.watching(*_watched(host, port, *children)):
                yield children
        finally:
            end(children)


def private_log_folder() -> Path:
    """Return the folder of the logs, which name visitors' addresses; also of an earlier version, make it private."""
    folder = Path(settings.DATA) / "log"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(PermissionError):  # another user's, who has let us in
        folder.chmod(0o700)
    return folder


def _watched(host: str, port: int, server: Child, worker: Child, beat: Child) -> list[Watched]:
    """Return the programs that must respond; the database among them if it is ours."""
    asked: list[tuple[Child, Callable[[], bool]]] = [(server, partial(watchdog.web_responds, host, port))]
    asked += [(worker, watchdog.worker_responds), (beat, watchdog.beat_responds)]
    watched = [
        Watched(child.name, responds, child.kill_hung, partial(getattr, child, "started_at"))
        for child, responds in asked
    ]
    ask, kill, seconds = watchdog.database_responds, watchdog.kill_database, watchdog.DATABASE_SILENT_SECONDS
    own = Watched("The database", ask, kill, silent_seconds=seconds)
    return watched + ([own] if embedded_postgres.is_ours() else [])


def watch(children: list[Child]) -> None:
    """Keep the site running until a signal arrives."""
    with suppress(Ended):
        while True:
            time.sleep(1.0)
            if embedded_postgres.keep_running():
                log.warning("The database had ended, or no longer responded; it has been started again.")
                restarts.note("database", GONE())
            for child in children:
                if reason := child.revive():
                    restarts.note(child.part, reason)
                shorten(child.log)
            shorten(Path(settings.DATA) / "postgres" / "log")


def _wait_until_ready(host: str, port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with watchdog.DIRECTLY.open(f"http://{host}:{port}/health/live/", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise CommandError(
        f"The web server did not respond within {READY_SECONDS:.0f} s. See its log in {Path(settings.DATA) / 'log'}"
    )


@contextmanager
def _signals_as_exceptions() -> Iterator[None]:
    """Turn the first Ctrl-C or SIGTERM into Ended, and ignore repeated ones."""

    def end_once(number: int, frame: FrameType | None) -> None:
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, signal.SIG_IGN)
        raise Ended

    before = {name: signal.signal(name, end_once) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def default_concurrency() -> int:
    return max(2, min(4, os.cpu_count() or 2))
