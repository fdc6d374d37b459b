"""Import of classifications in the terminal: what the file holds, a progress bar, and a summary."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from webapp.imports.choices import Choices
from webapp.imports.inspect import Look
from webapp.imports.models import ClassificationImport
from webapp.imports.report import told


def show_look(console: Console, seen: Look, choices: Choices) -> None:
    """Say what the first rows hold, and how they are understood."""
    console.print(f"{seen.rows:,} rows looked at, {seen.broken:,} of them unreadable.")
    for key, (known, different) in sorted(seen.keys.items(), key=lambda item: -item[1][0])[:5]:
        console.print(f"  {escape(key)}: {known:,} of {different:,} values are subjects of the survey", emoji=False)
    for task, labels in seen.labels.items():
        shown = ", ".join(f"{label} ({number:,})" for label, number in labels.most_common(8))
        console.print(f"  {escape(task)}: {escape(shown)}", emoji=False)
    for task, number in seen.lines.items():
        console.print(f"  {escape(task)}: {number:,} lines")
    console.print(f"Subjects by {escape(choices.match)}, answers from {escape(choices.task)}, of {choices.source}:")
    for label, answer in choices.answers.items():
        console.print(f"  {escape(label)} = {answer or 'left out'}", emoji=False)


@contextmanager
def bar(console: Console, job: ClassificationImport) -> Iterator[Callable[[ClassificationImport], None]]:
    """Show how far an import is, each time the function that is lent hears of it."""
    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    with Progress(TextColumn("{task.description}"), *columns, console=console) as progress:
        task = progress.add_task(f"Bringing in {escape(job.path)}", total=None)
        yield lambda job: progress.update(task, completed=job.done, total=job.total)


def summarise(console: Console, job: ClassificationImport) -> None:
    """Say what came in, and what did not and why."""
    table = Table(show_header=False, box=None)
    table.add_column(justify="right")
    table.add_row(f"{job.added:,}", f"answers came in, with {job.lines:,} lines")
    for reason in told(job):
        first = "; ".join(f"row {each['row']}: {each['what']}".removesuffix(": ") for each in reason.examples[:3])
        table.add_row(f"{reason.count:,}", escape(f"{reason.sentence} ({first})"))
    console.print(table)
