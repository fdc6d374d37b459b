"""Jobs run in the terminal: claim, progress bars, summary; any early end is explained, and stored data stays."""

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.management import CommandError
from django.db import DatabaseError
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from ml.io.message import reason_of
from webapp.archive.models import IngestRun
from webapp.core.jobs import Cancelled, LeaseLost
from webapp.imports.inspect import Inspection
from webapp.imports.mapping import Choices
from webapp.imports.models import ClassificationImport
from webapp.imports.store_votes import left_out
from webapp.workflows.models import Workflow

INTERRUPTED = 130


Job = IngestRun | ClassificationImport


def the_workflow(slug: str) -> Workflow:
    row = Workflow.objects.select_related("survey").filter(slug=slug).first()
    if row is None:
        raise CommandError(f"There is no workflow “{slug}”. Nothing was done.")
    return row


def claimed(job: Any) -> Any:
    """Claim a job in the transaction that creates it, so that no worker takes it."""
    return type(job).objects.claim(job.pk)


def bars(console: Console) -> Progress:
    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    return Progress(TextColumn("{task.description}"), *columns, console=console)


@contextmanager
def working_on(console: Console, job: Job, *, called: str, things: str, doing: str) -> Iterator[Callable[[Job], None]]:
    """Show a job's progress, and report how the work in this context ends; yields the function to report progress to.

    `called` names the job ("ingest"), `things` what it stores, `doing` what it does with its file.
    """
    try:
        with bars(console) as progress:
            task = progress.add_task(f"{doing} {escape(job.path)}", total=None)
            yield lambda job: progress.update(task, completed=job.done, total=job.total)
    except KeyboardInterrupt:
        job.end_cancelled()
        console.print(f"Stopped. {job.added:,} {things} are stored; run the same command again to continue.")
        sys.exit(INTERRUPTED)
    except Cancelled:
        job.end_cancelled()
    except LeaseLost as lost:
        raise CommandError("This process was silent for so long that a worker took over. Nothing is lost.") from lost
    except Exception as error:
        with suppress(DatabaseError, LeaseLost):
            job.fail(reason_of(error), traceback.format_exc())
        raise CommandError(
            f"The {called} failed: {error}. {job.added:,} {things} are stored. Remove the cause and run the same"
            " command again to continue. (--traceback shows where it happened.)"
        ) from error
    job.refresh_from_db()


PROBLEMS_SHOWN = 50


def summarise_ingest(console: Console, run: IngestRun) -> None:
    """Print a run's summary, with bad files and reasons."""
    would = "would be " if run.dry_run else ""
    table = Table(show_header=False, box=None)
    table.add_column(justify="right")
    table.add_row(f"{run.added:,}", f"{would}added")
    table.add_row(f"{run.duplicates:,}", "of them duplicates, with the same pixels as another subject")
    table.add_row(f"{run.known:,}", "known by their external_id, and unchanged")
    if run.joined:
        table.add_row(f"{run.joined:,}", f"of them {would}added to the set “{escape(run.subject_set)}”")
    table.add_row(f"{run.bad:,}", "bad, and skipped")
    warnings = run.problems.filter(is_warning=True)
    if count := warnings.count():
        table.add_row(f"{count:,}", f"{would}added with a warning")
    console.print(table)
    for shown, number in ((run.problems.filter(is_warning=False), run.bad), (warnings, count)):
        for problem in shown[:PROBLEMS_SHOWN]:
            console.print(escape(str(problem)), highlight=False)
        if number > PROBLEMS_SHOWN:
            console.print(f"… and {number - PROBLEMS_SHOWN:,} more, all listed on the run's page.")


def show_inspection(console: Console, inspected: Inspection, choices: Choices) -> None:
    """Print the preview of the first rows, and how they are understood."""
    console.print(f"{inspected.rows:,} rows looked at, {inspected.broken:,} of them unreadable.")
    for key, (known, different) in sorted(inspected.keys.items(), key=lambda item: -item[1][0])[:5]:
        console.print(f"  {escape(key)}: {known:,} of {different:,} values are subjects of the survey", emoji=False)
    for task, labels in inspected.labels.items():
        listed = ", ".join(f"{label} ({number:,})" for label, number in labels.most_common(8))
        console.print(f"  {escape(task)}: {escape(listed)}", emoji=False)
    for task, number in inspected.lines.items():
        console.print(f"  {escape(task)}: {number:,} lines")
    console.print(f"Subjects by {escape(choices.match)}, answers from {escape(choices.task)}, of {choices.source}:")
    for label, answer in choices.answers.items():
        console.print(f"  {escape(label)} = {answer or 'skipped'}", emoji=False)


def summarise_import(console: Console, job: ClassificationImport) -> None:
    """Print what was imported, and what was skipped and why."""
    table = Table(show_header=False, box=None)
    table.add_column(justify="right")
    table.add_row(f"{job.added:,}", f"classifications imported, with {job.lines:,} lines")
    for reason in left_out(job.report):
        first = "; ".join(f"row {each['row']}: {each['what']}".removesuffix(": ") for each in reason.examples[:3])
        table.add_row(f"{reason.count:,}", escape(f"{reason.sentence} ({first})"))
    console.print(table)
