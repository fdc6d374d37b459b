"""Progress in the terminal: one line per survey, saying what it does, how far it is, and how long it will take."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from webapp.core.jobs import Job


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
