"""Progress in the terminal, one line per survey, and waiting for the worker's results."""

import time
from collections.abc import Callable

from django.core.management import CommandError
from rich.progress import Progress as Bars

from webapp.core.jobs import Job, JobState


class Progress:
    """One survey's progress line."""

    def __init__(self, bars: Bars, name: str) -> None:
        self.bars = bars
        self.task = bars.add_task(name, total=None)

    def begin(self, what: str, total: int | None) -> None:
        """Restart the bar for another step; without a terminal, log the step."""
        self.bars.reset(self.task, description=what, total=total)
        if not self.bars.console.is_terminal:
            self.bars.console.print(what)

    def advance(self, steps: int) -> None:
        self.bars.advance(self.task, steps)

    def follow(self, job: Job) -> None:
        """Show a job's progress."""
        self.bars.update(self.task, completed=job.done, total=job.total)


POLL_SECONDS = 0.2


def wait_for(job: Job, seconds: float, report: Callable[[Job], None]) -> None:
    """Wait until the job is done; `report` is called with its progress.

    Raises CommandError with the job's own message if it failed or was cancelled, or after `seconds`.
    """

    def is_over() -> bool:
        job.refresh_from_db()
        report(job)
        return job.is_over

    wait_until(is_over, seconds, f"The end of {job}")
    if job.state != JobState.DONE:
        raise CommandError(f"{job} ended as {job.state}: {job.error or 'no reason was given'}")


def wait_until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until `holds()` is true; raise CommandError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise CommandError(f"{what} did not happen within {seconds:.0f} s. Is the worker running?")
        time.sleep(POLL_SECONDS)
