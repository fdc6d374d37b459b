"""Retention runs that hang, or progress slowly in a dry run: for a worker with `--include` of this module."""

import time
from datetime import timedelta

import tasks.jobs
from webapp.core import jobs
from webapp.retention.models import RetentionRun

PATIENCE = 6.0
STEPS = 16


def hang(run: RetentionRun) -> None:
    """Without a dry run, hang; else take twice the patience, and report each step."""
    if not run.dry_run:
        time.sleep(600)
    for step in range(STEPS):
        run.renew(done=step + 1)
        time.sleep(2 * PATIENCE / STEPS)
    run.finish()


jobs.MAX_ATTEMPTS = 2
RetentionRun.patience = timedelta(seconds=PATIENCE)
tasks.jobs.drop_pixels = hang
