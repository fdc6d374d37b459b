"""Renew a job's lease from a thread during work that cannot report progress, such as compiling a network."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection

from webapp.core.jobs import LEASE, Cancelled, Job, LeaseLost

log = logging.getLogger(__name__)


@contextmanager
def kept_alive(job: Job) -> Iterator[None]:
    """Renew the job's lease from a second thread until the block ends; the thread dies with its process.

    A lost lease or a cancellation does not interrupt the block; its own next progress report does.
    """
    over = threading.Event()
    thread = threading.Thread(target=_beat, args=(job, over), name=f"heartbeat of {job}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _beat(job: Job, over: threading.Event) -> None:
    while not over.wait(LEASE.total_seconds() / 3):
        try:
            job.renew()
        except (LeaseLost, Cancelled):
            break
        except DatabaseError:
            log.warning("The heartbeat of %s could not reach the database; retrying.", job, exc_info=True)
            connection.close()
    connection.close()
