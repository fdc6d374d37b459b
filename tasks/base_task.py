"""Decorators of all Celery tasks: late acknowledgement, time limits, queue by name, and running a job row.

A task is named `tasks.QUEUE.NAME`, acknowledges late, is redelivered when its worker dies, and stores no result. One
that is no job has a time limit. A job has none: its lease (webapp/core/jobs.py) is renewed while its process lives, so
that a long one keeps its row and a dead one loses it, and one that makes no progress is ended (tasks/heartbeat.py).
"""

import logging
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from django.db import close_old_connections, connection

from ml.io.message import reason_of
from tasks.heartbeat import kept_alive
from tasks.queue_report import name_of_worker, reported_at_work
from webapp.core.disks import is_bucket_away, is_disk_full
from webapp.core.dispatch import app
from webapp.core.jobs import NO_PIXELS_YET, NO_ROOM_YET, Cancelled, Job, LeaseLost
from webapp.core.logs import logged_as
from webapp.core.sql import DATABASE_LOST, through_restarts

log = logging.getLogger(__name__)

SHORT = {"soft_time_limit": 120, "time_limit": 150}  # seconds


def task(name: str, limits: dict[str, int] = SHORT) -> Callable[[Callable[..., None]], Any]:
    """Register a function as the Celery task `name`; `dispatch.send` puts it in the queue named by its middle part."""

    def decorate(function: Callable[..., None]) -> Any:
        @app.task(name=name, acks_late=True, reject_on_worker_lost=True, ignore_result=True, **limits)
        @wraps(function)
        def run(*args: int | str) -> None:
            with reported_at_work():
                function(*args)

        return run

    return decorate


def job(model: type[Job]) -> Callable[[Callable[[Any], None]], Any]:
    """Register `function(row)` as the task that runs `model`'s jobs: claim, run, and record the result.

    A message for a job that another worker owns, or that has ended, does nothing. An exception fails the job with its
    message; a lost lease leaves the row to its new owner; a lost connection to the database gives it back once there is
    one again; a longer outage, a full disk or a bucket that does not answer leaves it to the sweep.
    """

    def decorate(function: Callable[[Any], None]) -> Any:
        @task(model.task, limits={})
        def run(pk: int) -> None:
            close_old_connections()
            row = model._default_manager.claim(pk, name_of_worker() or "")
            if row is not None:
                _work(function, row)

        return run

    return decorate


def _work(function: Callable[[Any], None], row: Job) -> None:
    with logged_as(f"{row._meta.object_name} {row.pk}"):
        _run(function, row)


def _run(function: Callable[[Any], None], row: Job) -> None:
    try:
        with kept_alive(row, ends_hung=name_of_worker() is not None):
            function(row)
    except LeaseLost:
        log.warning("%s continues on another worker.", row)
    except Cancelled:
        row.end_cancelled()
    except DATABASE_LOST:
        log.warning("%s lost the database; it is retried, at the latest after its lease.", row, exc_info=True)
        if not connection.is_usable():
            with suppress(LeaseLost, *DATABASE_LOST):
                through_restarts(row.give_back)
    except Exception as error:
        if is_disk_full(error):
            log.warning("%s met a full disk; it is retried soon.", row, exc_info=True)
            row.wait(NO_ROOM_YET())
        elif is_bucket_away(error):
            log.warning("%s got no answer from the bucket of pixels; it is retried soon.", row, exc_info=True)
            row.wait(NO_PIXELS_YET())
        else:
            log.exception("%s failed.", row)
            row.fail(reason_of(error), traceback.format_exc())
