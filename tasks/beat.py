"""Celery beat: `celery -A tasks.beat beat`. Imports only task names, no science, so it starts quickly."""

import logging
import os
from pathlib import Path
from typing import Any

import django
from celery.beat import PersistentScheduler

from webapp.core import embedded_postgres
from webapp.core.telemetry import start_traces

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")  # as the worker does
embedded_postgres.ensure()
start_traces("beat")
django.setup()

from django.db import DatabaseError, close_old_connections  # noqa: E402  # after django.setup()

from webapp.core.dispatch import app  # noqa: E402
from webapp.core.models import Heartbeat, Process  # noqa: E402

log = logging.getLogger(__name__)

__all__ = ["Scheduler", "app"]


class Scheduler(PersistentScheduler):
    """Celery's persistent scheduler, which creates the folder of its file if needed."""

    def setup_schedule(self) -> None:
        Path(self.schedule_filename).parent.mkdir(parents=True, exist_ok=True)
        super().setup_schedule()

    def tick(self, *args: Any, **kwargs: Any) -> float:
        _report()
        self._follow_clock()
        return float(super().tick(*args, **kwargs))

    def _follow_clock(self) -> None:
        """Count from now what ran in the future: the clock was set back, and beat would wait for its old times."""
        ahead = [entry for entry in self.schedule.values() if entry.last_run_at > entry.default_now()]
        for entry in ahead:
            entry.last_run_at = entry.default_now()
        if ahead:
            self._heap = None


def _report() -> None:
    """Record beat's heartbeat for /health/; without a database, log that and continue."""
    close_old_connections()
    try:
        Heartbeat.objects.write(Process.BEAT)
    except DatabaseError:
        log.warning("Beat could not report to the database.", exc_info=True)


app.conf.beat_scheduler = "tasks.beat:Scheduler"
