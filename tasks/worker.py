"""Celery worker: `celery -A tasks.worker worker`. Serves every queue, or those in -Q, or all but those in -X."""

import os
from importlib import import_module
from typing import Any

import django
from celery import bootsteps
from kombu import Queue

from webapp.core import embedded_postgres
from webapp.core.telemetry import start_traces

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
# Waiting threads of a network sleep, since the web server and the database need the cores too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("WANDERERS_TRAINING_THREADS", str(max(1, len(os.sched_getaffinity(0)) // 2)))
# Celery would run Django's checks, which import all pages, and drop what they find.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
embedded_postgres.ensure()
start_traces("worker")
django.setup()

from tasks import housekeeping, jobs  # noqa: E402  # after django.setup()
from tasks.queue_report import LastReport, QueueReport  # noqa: E402
from webapp.core.dispatch import app  # noqa: E402
from webapp.operations.worker_queues import all_queues  # noqa: E402

LEARNING = {"explain": ["explain"], "scoring": ["first_batch", "score_shard"], "training": ["train"]}
"""Modules of `tasks.learning` by queue. They import torch, which takes seconds and half a gigabyte."""


class LearningTasks(bootsteps.Step):
    """A step of the worker's start: registers the tasks of learning whose queues it serves, before it forks.

    So its children share torch.
    """

    def __init__(self, worker: Any, **_: Any) -> None:
        for queue in LEARNING.keys() & worker.app.amqp.queues.consume_from:
            for module in LEARNING[queue]:
                import_module(f"tasks.learning.{module}")


app.conf.task_queues = [Queue(name) for name in sorted(all_queues())]
app.steps["worker"].update({LearningTasks, QueueReport})
app.steps["consumer"].add(LastReport)

__all__ = ["app", "housekeeping", "jobs"]
