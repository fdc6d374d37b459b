"""A real Celery worker and beat, on the test's database and data folder, which can be killed."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from django.db import connection
from kombu import Connection

from webapp.console.processes import beat, worker
from webapp.core.dispatch import app

PATIENCE = 120.0
LEASE_SECONDS = 3


def environment(folder: Path) -> dict[str, str]:
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    return os.environ | {
        "DATABASE_URL": database.geturl(),
        "WANDERERS_DATA": str(folder),
        "JOB_LEASE_SECONDS": str(LEASE_SECONDS),
        "SWEEP_SECONDS": "1",
        "WANDERERS_THREADS": "1",
    }


def broker_of(folder: Path) -> dict[str, str]:
    """Return kombu's settings of the message folders."""
    messages, control = folder / "broker" / "messages", folder / "broker" / "control"
    return {"data_folder_in": str(messages), "data_folder_out": str(messages), "control_folder": str(control)}


class Worker:
    """The worker with its children, and beat."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options = folder, options
        self.log = (folder / "worker.log").open("ab")
        self.beat = self._start(beat(folder).command)
        self.start()

    def start(self) -> None:
        """Start the worker, also after it was killed."""
        self.process = self._start([*worker(2, self.folder).command, *self.options])

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command, env=environment(self.folder), stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True
        )

    def stop(self) -> None:
        """Ask the worker and beat to stop, and wait until they have."""
        for each in (self.process, self.beat):
            each.terminate()
        for each in (self.process, self.beat):
            each.wait(60)

    def kill(self) -> None:
        """Kill the worker; what it has started ends with it, however busy it is."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.wait()
        orphans = psutil.wait_procs(children, timeout=10)[1]
        for orphan in orphans:
            orphan.kill()
        assert not orphans, "Children go on without the worker."

    def end(self) -> None:
        """Kill whatever still runs."""
        try:
            if self.process.poll() is None:
                self.kill()
        finally:
            self.beat.kill()
            self.beat.wait()
            self.log.close()


@contextmanager
def running_worker(folder: Path, *options: str) -> Iterator[Worker]:
    started = Worker(folder, *options)
    try:
        yield started
    finally:
        started.end()


def wait_until(holds: Callable[[], bool], what: str, folder: Path) -> None:
    """Wait until `holds()` is true; fail with the end of the worker's log."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            log = (folder / "worker.log").read_text(errors="replace")[-4000:]
            raise AssertionError(f"{what} did not come to pass in {PATIENCE:.0f} s.\n{log}")
        time.sleep(0.05)


def send(folder: Path, task: str, pk: int) -> None:
    """Put a message into the worker's own broker folder."""
    with Connection("filesystem://", transport_options=broker_of(folder)) as broker:
        app.send_task(task, args=[pk], queue=task.split(".")[1], connection=broker)
