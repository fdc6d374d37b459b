"""Progress in the terminal, one line per survey, and waiting for rows that the worker writes."""

import time
from collections.abc import Callable

from django.core.management import CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from webapp.core.jobs import Job, JobState


def bars(console: Console) -> Bars:
    return Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )


class Progress:
    """One survey's line."""

    def __init__(self, bars: Bars, name: str) -> None:
        self.bars = bars
        self.task = bars.add_task(name, total=None)

    def begin(self, what: str, total: int | None) -> None:
        """Start the bar anew for another piece of work; where nobody can tell its bars, it logs the step."""
        self.bars.reset(self.task, description=what, total=total)
        if not self.bars.console.is_terminal:
            self.bars.console.print(what)

    def advance(self, steps: int) -> None:
        self.bars.advance(self.task, steps)

    def follow(self, job: Job) -> None:
        """Show a job's own progress."""
        self.bars.update(self.task, completed=job.done, total=job.total)


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
