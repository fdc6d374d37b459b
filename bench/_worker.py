"""A Celery worker of a benchmark's own, as `manage.py up` runs it. Import after `bench._site`."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from webapp.console.processes import worker
from webapp.dispatch import app

STOP_SECONDS = 20


@contextmanager
def worker_of_its_own() -> Iterator[None]:
    """Run a worker with a process for each core while the block lasts; it is up when the block begins."""
    for folder in ("messages", "control"):
        (Path(settings.DATA) / "broker" / folder).mkdir(parents=True, exist_ok=True)
    child = worker(len(os.sched_getaffinity(0)), Path(settings.DATA))
    child.start()
    try:
        _wait_until_up()
        yield
    finally:
        child.signal(signal.SIGTERM)
        if child.process is not None:
            child.process.wait(STOP_SECONDS)


def _wait_until_up() -> None:
    for _ in range(60):
        if app.control.ping(timeout=1.0):
            return
    raise TimeoutError("The worker does not answer after a minute.")
