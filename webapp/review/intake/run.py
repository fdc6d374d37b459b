"""An import: work on a file until all of it that can come in is in."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from webapp.core.retry import through_restarts
from webapp.review.intake.choices import Choices
from webapp.review.intake.people import own_people
from webapp.review.intake.read import read
from webapp.review.intake.record import BadFile, Row
from webapp.review.intake.report import Tally
from webapp.review.intake.store import store
from webapp.review.intake.uploads import remove_upload
from webapp.review.models import ClassificationImport
from webapp.review.sentences import NOT_BROUGHT_IN, NOT_BROUGHT_IN_FURTHER

BATCH = 500


def bring_in(job: ClassificationImport, watch: Callable[[ClassificationImport], object] = lambda job: None) -> None:
    """Read the import's file from the row after the last that came in, and end the import.

    The file is read through once before anything is written, so one that is broken somewhere brings nothing in.

    Raises
    ------
    LeaseLost, Cancelled
        The import is no longer this worker's, or was asked to end. What is in stays in.
    """
    path, choices = Path(job.path), Choices(**job.options)
    try:
        total = sum(1 for _ in read(path))
        through_restarts(partial(job.renew, total=total))
        own, tally = own_people(job.workflow), Tally.of(job)
        for batch in _batches(islice(read(path), tally.done, None)):
            tally = through_restarts(partial(store, job, choices, batch, own, tally))
            watch(job)
    except BadFile as bad:
        said = NOT_BROUGHT_IN_FURTHER if job.added else NOT_BROUGHT_IN
        job.fail(said(problem=bad))
        return
    through_restarts(job.finish)
    if job.is_upload:
        remove_upload(path)


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH)):
        yield batch
