"""Celery worker: `celery -A tasks.worker worker`. Registers every task and serves every queue, or those in -Q."""

import os

import django
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
from tasks.learning import explain, first_batch, score_shard, train  # noqa: E402
from tasks.queue_report import QueueReport  # noqa: E402
from webapp.core.dispatch import app  # noqa: E402

app.conf.task_queues = [
    Queue(name) for name in sorted({name.split(".")[1] for name in app.tasks if name.startswith("tasks.")})
]

app.steps["worker"].add(QueueReport)

__all__ = ["app", "explain", "first_batch", "housekeeping", "jobs", "score_shard", "train"]
