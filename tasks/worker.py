"""The worker: `celery -A tasks.worker worker`. It knows every task; which queues it serves, its command line says."""

import os

import django

from webapp import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
embedded.ensure()
django.setup()

from tasks import acquisition, ingest, retrain, scoring, sweep, training  # noqa: E402  # after django.setup()
from webapp.dispatch import app  # noqa: E402

__all__ = ["acquisition", "app", "ingest", "retrain", "scoring", "sweep", "training"]
