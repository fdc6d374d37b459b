"""A worker reports the queues that it serves, from a thread of its main process: its children may be busy for hours."""

import logging
import os
import threading
from collections.abc import Callable
from typing import Any

from celery import bootsteps
from django.db import DatabaseError, connection

from webapp.core.models import Worker

log = logging.getLogger(__name__)

EVERY = 10.0
"""Seconds between two reports."""


class QueueReport(bootsteps.StartStopStep):
    """A step of the worker's start, after its children are forked, and before it takes its first task."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, worker: Any) -> None:
        name = f"{worker.hostname} {os.getpid()}"
        self._thread = threading.Thread(target=self._report, args=(worker.app, name), name="queue report", daemon=True)
        self._thread.start()

    def stop(self, worker: Any) -> None:
        """Take the report back: the worker finishes what it has, and takes no more."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(timeout=EVERY)

    def _report(self, app: Any, name: str) -> None:
        while not self._over.is_set():
            _written(lambda: Worker.objects.write(name, app.amqp.queues.consume_from))
            self._over.wait(EVERY)
        _written(lambda: Worker.objects.filter(name=name).delete())


def _written(write: Callable[[], Any]) -> None:
    """Write, in a connection for this once; without a database, log that and continue."""
    try:
        write()
    except DatabaseError:
        log.warning("The worker could not report to the database.", exc_info=True)
    finally:
        connection.close()
