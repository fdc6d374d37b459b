"""Start an import, and work on it until the file is read."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from django.contrib.auth.models import User
from django.db import transaction

from webapp.core.retry import through_restarts
from webapp.imports.choices import Choices
from webapp.imports.inspect import read
from webapp.imports.mapping import own_people
from webapp.imports.messages import NOT_BROUGHT_IN, NOT_BROUGHT_IN_FURTHER
from webapp.imports.models import ClassificationImport
from webapp.imports.record import BadFile, Row
from webapp.imports.report import Tally
from webapp.imports.store import store
from webapp.imports.uploads import remove_upload
from webapp.workflows.models import Workflow


def new_import(
    *, workflow: Workflow, path: Path, by: User | None, choices: Choices, is_upload: bool = False
) -> ClassificationImport:
    """Write the row of an import, which nobody works on yet; `by` is None for the command line."""
    return ClassificationImport.objects.create(
        workflow=workflow, path=str(path.absolute()), requested_by=by, options=choices.stored(), is_upload=is_upload
    )


@transaction.atomic
def start_import(
    *, workflow: Workflow, path: Path, by: User, choices: Choices, is_upload: bool = True
) -> ClassificationImport:
    """Write the row of an import and hand it to a worker."""
    job = new_import(workflow=workflow, path=path, by=by, choices=choices, is_upload=is_upload)
    job.enqueue()
    return job


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
