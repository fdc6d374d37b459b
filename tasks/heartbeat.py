"""Renew a job's lease from a thread while its process lives, and end the process of a job that hangs."""

import faulthandler
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection, transaction

from webapp.core.jobs import LEASE, Cancelled, Job, LeaseLost

log = logging.getLogger(__name__)

STDERR = 2  # the process' own: Celery replaces `sys.stderr`


@contextmanager
def kept_alive(job: Job, *, ends_hung: bool) -> Iterator[None]:
    """Renew the job's lease from a second thread until the block ends; the thread dies with its process.

    A lost lease or a cancellation does not interrupt the block; its own next progress report does.

    Parameters
    ----------
    job
        Claimed; the block reports its progress by `job.renew`.
    ends_hung
        Whether to end the process if the job makes no progress for longer than its patience, so that the next worker
        retries it. In a shell, where somebody may look at it in a debugger, it may take its time.
    """
    job.progressed_at = time.monotonic()
    over = threading.Event()
    worked_by = threading.get_ident() if ends_hung else None
    thread = threading.Thread(target=_beat, args=(job, over, worked_by), name=f"heartbeat of {job}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        faulthandler.cancel_dump_traceback_later()


def _beat(job: Job, over: threading.Event, worked_by: int | None) -> None:
    while not over.wait(LEASE.total_seconds() / 3):
        try:
            if worked_by is not None:
                _check(job, worked_by)
            job.extend_lease()
        except (LeaseLost, Cancelled):
            break
        except DatabaseError:
            log.warning("The heartbeat of %s could not reach the database; retrying.", job, exc_info=True)
            connection.close()
    connection.close()


def _check(job: Job, worked_by: int) -> None:
    """End the process if the job hangs.

    If this thread hangs too, because the job keeps the interpreter's lock, or its row in a transaction, faulthandler
    ends it, and says in the log where all threads were.
    """
    if job.is_hung:
        _end(job, worked_by)
    faulthandler.dump_traceback_later(job.patience.total_seconds() + LEASE.total_seconds(), exit=True, file=STDERR)


def _end(job: Job, worked_by: int) -> None:
    where = "".join(traceback.format_stack(sys._current_frames()[worked_by]))
    log.error("%s has made no progress for %s, and its process ends. It hung here:\n%s", job, job.patience, where)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '5s'")  # the job may hang in a transaction that has locked its row
            job.release(where)
    except (DatabaseError, LeaseLost):
        log.warning("%s goes on once its lease has run out.", job, exc_info=True)
    finally:
        os.kill(os.getpid(), signal.SIGKILL)
