"""Jobs run in the terminal: claim, progress bar, summary; any early end is a sentence, and what is stored stays."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from django.core.management import CommandError
from django.db import DatabaseError
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from webapp.archive.models import IngestRun
from webapp.core.jobs import Cancelled, LeaseLost

INTERRUPTED = 130


class Job(Protocol):
    """A row that counts what it has brought in."""

    added: int

    def end_cancelled(self) -> None: ...

    def fail(self, error: str) -> None: ...

    def refresh_from_db(self) -> None: ...


@contextmanager
def working_on(console: Console, job: Job, *, called: str, things: str) -> Iterator[None]:
    """Tell how the work in this context ends. `called` is what the job is ("ingest"), `things` what it brings in."""
    try:
        yield
    except KeyboardInterrupt:
        job.end_cancelled()
        console.print(f"Stopped. {job.added:,} {things} are in and stay in; the same command goes on from there.")
        sys.exit(INTERRUPTED)
    except Cancelled:
        job.end_cancelled()
    except LeaseLost as lost:
        raise CommandError("This took so long to answer that a worker has gone on with it. Nothing is lost.") from lost
    except Exception as error:
        with suppress(DatabaseError, LeaseLost):
            job.fail(f"{type(error).__name__}: {error}")
        raise CommandError(
            f"The {called} broke off: {error}. {job.added:,} {things} are in and stay in; once the cause is removed,"
            " the same command goes on from there. (--traceback shows where it happened.)"
        ) from error
    job.refresh_from_db()


PROBLEMS_SHOWN = 50


@contextmanager
def bar(console: Console, run: IngestRun) -> Iterator[Callable[[IngestRun], None]]:
    """Show how far a run is, each time the function that is lent hears of it."""
    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    with Progress(TextColumn("{task.description}"), *columns, console=console) as progress:
        task = progress.add_task(f"{'Looking at' if run.dry_run else 'Ingesting'} {escape(run.path)}", total=None)
        yield lambda run: progress.update(task, completed=run.done, total=run.total)


def summarise(console: Console, run: IngestRun) -> None:
    """Say what came of a run, and which files are bad and why."""
    would = "would be " if run.dry_run else ""
    table = Table(show_header=False, box=None)
    table.add_column(justify="right")
    table.add_row(f"{run.added:,}", f"{would}added")
    table.add_row(f"{run.duplicates:,}", "of them duplicates: their pixels are those of another subject")
    table.add_row(f"{run.known:,}", "known already by their external_id, and left as they are")
    table.add_row(f"{run.bad:,}", "bad, and left out")
    console.print(table)
    for problem in run.problems.all()[:PROBLEMS_SHOWN]:
        console.print(escape(str(problem)), highlight=False)
    if run.bad > PROBLEMS_SHOWN:
        console.print(f"… and {run.bad - PROBLEMS_SHOWN:,} more, all kept with the run.")
