"""Processes of a one-machine site: started and stopped together, restarted when they die; log rotation."""

import ctypes
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

from webapp.core.stored_messages import Sentence

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int | None = None) -> None:
    """Ask Linux to kill this process when its parent dies; elsewhere, do nothing.

    A killed parent cannot stop its children, and they would keep its port. Interrupted jobs resume by their lease. If
    `parent` is no longer the parent, it died before Linux was asked, and this process ends now.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if parent is not None and os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)


LARGEST = 10 * 2**20
KEPT = 3


def shorten(path: Path, largest: int = LARGEST) -> None:
    """Rotate a large log to `<name>.1`; older ones move on, and the oldest is deleted.

    The file itself stays, since a process appends to it; output during the copy may be lost. If there is no room for
    the copy, all logs stay as they are.
    """
    try:
        if path.is_file() and path.stat().st_size >= largest:
            _rotate(path)
    except OSError as error:
        _warn_once(path, str(error))


def _rotate(path: Path) -> None:
    copy = _aged(path, 0)
    try:
        shutil.copy(path, copy)
    except OSError:
        copy.unlink(missing_ok=True)
        raise
    for age in range(KEPT, 0, -1):
        newer = _aged(path, age - 1)
        if newer.exists():
            newer.replace(_aged(path, age))
    with path.open("r+b") as file:
        file.truncate()


def _aged(path: Path, age: int) -> Path:
    return path.with_name(f"{path.name}.{age}")


@cache
def _warn_once(path: Path, reason: str) -> None:
    log.warning("The log %s could not be rotated, and grows until it can: %s", path, reason)


GRACE_SECONDS = 10.0
RESTART_PAUSE = 2.0
HUNG = Sentence("It no longer responded and was killed.")
ENDED = Sentence("It ended with status %(status)s.")
KILLED = Sentence("It was killed by the signal %(signal)s.")


def how_it_ended(status: int) -> str:
    """Return how a program ended, from its return code: the negative number of the signal that killed it, if any."""
    if status >= 0:
        return ENDED(status=status)
    return KILLED(signal=next((each.name for each in signal.Signals if each == -status), -status))


@dataclass
class Child:
    """One program, in its own process group, so that a Ctrl-C in the terminal reaches only the parent.

    Its output is appended to `log`, so that the terminal stays readable. `part` is its name in figures.
    """

    name: str
    command: list[str]
    log: Path
    part: str = ""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    started_at: float = field(default=0.0, repr=False)  # monotonic seconds
    is_hung: bool = field(default=False, repr=False)

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.started_at = time.monotonic()
        die = partial(die_with_parent, os.getpid())
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603  # our own command lines, no shell
                self.command, stdout=output, stderr=output, start_new_session=True, preexec_fn=die
            )

    def revive(self) -> str:
        """Restart the program if it has exited; return why, or nothing if it runs."""
        if self.process is None or self.process.poll() is None:
            return ""
        status = self.process.returncode
        log.warning("%s ended with status %s (see %s); starting it again.", self.name, status, self.log)
        reason = HUNG() if self.is_hung else how_it_ended(status)
        self.kill()
        time.sleep(RESTART_PAUSE)
        self.is_hung = False
        self.start()
        return reason

    def wait(self, deadline: float) -> None:
        """Wait until `deadline` (monotonic seconds), then kill the whole group."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("%s does not stop and is killed; its jobs resume at the next start.", self.name)
        self.kill()
        self.process.wait()

    def kill_hung(self) -> None:
        """Kill a program that no longer responds."""
        self.is_hung = True
        self.kill()

    def kill(self) -> None:
        """Kill the program if it still runs, and any children it left behind, which would keep its port."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):  # all have exited; macOS raises PermissionError then
                os.killpg(self.process.pid, signal.SIGKILL)


def end(children: list[Child]) -> None:
    """Stop all children: terminate them, and kill them after GRACE_SECONDS."""
    for child in children:
        if child.process is not None and child.process.poll() is None:
            child.process.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for child in children:
        child.wait(deadline)


def web(host: str, port: int, logs: Path) -> Child:
    options = ["--host", host, "--port", str(port), "--interface", "asginl", "--no-ws", "--log-level", "warning"]
    # Without a respawn, one worker that dies stops the others, and the site is down until it has restarted.
    options += ["--workers", "2", "--backlog", "2048", "--respawn-failed-workers"]
    # A worker ignores a stop signal while it starts; its parent kills it after a while.
    options += ["--workers-kill-timeout", "5"]
    command = [sys.executable, "-m", "granian", *options, "webapp.asgi:application"]
    return Child("The web server", command, logs / "web.log", "web")


def worker(concurrency: int, logs: Path, queues: str = "") -> Child:
    """Return a worker that serves all queues, or these, separated by commas."""
    options = ["worker", "--concurrency", str(concurrency), "--loglevel", "WARNING", "--without-mingle"]
    if queues:
        options += ["--queues", queues, "--hostname", worker_name(queues)]
    # Volunteers come first: the web server and the database share the machine's cores.
    command = ["nice", "-n", "5", sys.executable, "-m", "celery", "--quiet", "-A", "tasks.worker", *options]
    return Child("The worker", command, logs / "worker.log", "worker")


def worker_name(queues: str = "") -> str:
    """Return Celery's name of this machine's worker for these queues: each set of queues has a worker of its own."""
    return f"{queues.replace(',', '-') or 'celery'}@{socket.gethostname()}"


def beat(logs: Path) -> Child:
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "tasks.beat", "beat", "--loglevel", "WARNING"]
    return Child("Beat", command, logs / "beat.log", "beat")
