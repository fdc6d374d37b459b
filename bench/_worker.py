"""A Celery worker for benchmarks, as `manage.py up` runs it. Import after `bench._site`."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from webapp.console.processes import end, worker
from webapp.core.dispatch import app
from webapp.core.jobs import Job

PATIENCE = 560.0


@contextmanager
def worker_of_its_own() -> Iterator[None]:
    """Run a worker with one process per core inside the block; it is up when the block begins."""
    child = worker(len(os.sched_getaffinity(0)), Path(settings.DATA))
    child.start()
    try:
        _wait_until_up()
        yield
    finally:
        end([child])


def wait_for(holds: Callable[[], bool], job: Job) -> None:
    """Wait until `holds()` is true; exit with the state of `job` after `PATIENCE` seconds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            job.refresh_from_db()
            sys.exit(f"{job} is {job.state} after {PATIENCE:.0f} s. {job.message} {job.error}")
        time.sleep(0.05)


def _wait_until_up() -> None:
    for _ in range(60):
        if app.control.ping(timeout=1.0):
            return
    raise TimeoutError("The worker did not respond within a minute.")
