"""Wait for rows that the worker writes."""

import time
from collections.abc import Callable

from django.core.management import CommandError

from webapp.core.jobs import Job, JobState

POLL_SECONDS = 0.2


def wait_for(job: Job, seconds: float, report: Callable[[Job], None] | None = None) -> None:
    """Return when the job is done; `report` hears of its progress.

    Raises CommandError with the job's own sentence when it failed or was cancelled, or when `seconds` have passed.
    """
    deadline = time.monotonic() + seconds
    while not job.is_over:
        if time.monotonic() > deadline:
            raise CommandError(f"{job} did not end within {seconds:.0f} s. Is the worker running?")
        time.sleep(POLL_SECONDS)
        job.refresh_from_db()
        if report:
            report(job)
    if job.state != JobState.DONE:
        raise CommandError(f"{job} ended as {job.state}: {job.error or 'no reason was given'}")


def wait_until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Return when `holds()` is true; raise CommandError naming `what` when `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise CommandError(f"{what} did not come to pass within {seconds:.0f} s. Is the worker running?")
        time.sleep(POLL_SECONDS)
