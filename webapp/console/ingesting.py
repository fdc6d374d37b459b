"""An ingest as the terminal shows it: a bar while it runs, a summary when it has ended."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from webapp.archive.models import IngestRun

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
