"""Send Celery tasks by name after commit. The queue is the middle part of the task's name."""

import logging

from celery import Celery
from django.db import transaction
from kombu.exceptions import OperationalError

from webapp.core import filesystem_broker

log = logging.getLogger(__name__)

filesystem_broker.register()
app = Celery("wanderers")
app.config_from_object("django.conf:settings", namespace="CELERY")


def send(task: str, *args: int | str) -> None:
    """Send `tasks.QUEUE.NAME` with JSON-safe ids after commit.

    A broker that is away costs nothing but time: the row waits, and the sweep sends again.
    """
    transaction.on_commit(lambda: _publish(task, args))


def _publish(task: str, args: tuple[int | str, ...]) -> None:
    try:
        app.send_task(task, args=args, queue=task.split(".")[1], ignore_result=True, retry=False)
    except (OperationalError, OSError):
        log.warning("The broker is away; %s%s will be sent again by the sweep.", task, args, exc_info=True)
