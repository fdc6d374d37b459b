"""Store an uploaded file, start an import, and run it to the end of the file."""

import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.core.backup_lock import may_delete_files
from webapp.core.disks import has_room_for
from webapp.core.jobs import JobState
from webapp.core.partial_files import whole_folder
from webapp.core.sql import through_restarts
from webapp.imports.foreign_record import NOT_BROUGHT_IN, NOT_BROUGHT_IN_FURTHER, BadFile, Row
from webapp.imports.inspect import read_classifications
from webapp.imports.mapping import Choices, own_people
from webapp.imports.models import ClassificationImport
from webapp.imports.store_votes import Tally, store
from webapp.workflows.models import Workflow

FOLDER = "imports"
TOKEN = re.compile(r"[0-9a-f]{16}")
KEPT_SECONDS = 7 * 24 * 3600
SUFFIXES = (".csv", ".json")
LONGEST_NAME = 100  # bytes


class UploadRefused(ValueError):
    """A refused file; the message says why."""


def store_import_file(workflow: Workflow, file: UploadedFile) -> str:
    """Store the file, and return its token.

    Raises UploadRefused: it is larger than MAX_UPLOAD_MB, would leave less than MIN_FREE_MB on the disk, or its name is
    neither CSV nor JSON. Nothing is stored.
    """
    if (file.size or 0) > settings.MAX_UPLOAD:
        sizes = {"size": (file.size or 0) // 2**20, "most": settings.MAX_UPLOAD // 2**20}
        raise UploadRefused(
            _("This file is %(size)d MB; uploads can be up to %(most)d MB. Split it, or use the command line.") % sizes
        )
    name = Path((file.name or "").replace("\0", "")).name
    if Path(name).suffix.lower() not in SUFFIXES:
        raise UploadRefused(_("Choose a .csv or a .json file: an export of Panoptes or of Label Studio."))
    if not has_room_for(file.size or 0):
        raise UploadRefused(_("The site's disk has too little room for these files. Nothing was saved."))
    token = secrets.token_hex(8)
    with whole_folder(_folder(workflow) / token) as folder, (folder / _short(name)).open("wb") as out:
        for chunk in file.chunks():
            out.write(chunk)
    return token


def _short(name: str) -> str:
    """Return the end of a name that any disk can hold: its limit is in bytes."""
    return name.encode(errors="ignore")[-LONGEST_NAME:].decode(errors="ignore")


def upload_path(workflow: Workflow, token: str) -> Path | None:
    """Return the file for a token; None if it does not exist (any more)."""
    if not TOKEN.fullmatch(token):
        return None
    return next(iter((_folder(workflow) / token).glob("*")), None)


@transaction.atomic
def remove_upload(path: Path) -> None:
    """Remove a file and its folder; while a backup copies them, `forget_uploads` does so later."""
    if may_delete_files():
        shutil.rmtree(path.parent, ignore_errors=True)


def forget_uploads() -> None:
    """Remove the uploads that no import needs: imported ones, and after a week those that nobody goes on with."""
    before = time.time() - KEPT_SECONDS
    for folder in (Path(settings.DATA) / FOLDER).glob("*/*"):
        if TOKEN.fullmatch(folder.name):
            jobs = ClassificationImport.objects.filter(path__startswith=f"{folder.absolute()}/", is_upload=True)
            is_old = folder.is_dir() and folder.stat().st_mtime < before
            if not jobs.open().exists() and (is_old or jobs.filter(state=JobState.DONE).exists()):
                remove_upload(folder / "any")


def _folder(workflow: Workflow) -> Path:
    return Path(settings.DATA) / FOLDER / str(workflow.pk)


def new_import(
    *, workflow: Workflow, path: Path, by: User | None, choices: Choices, is_upload: bool = False
) -> ClassificationImport:
    """Create an import, unclaimed; `by` is None for the command line."""
    return ClassificationImport.objects.create(
        workflow=workflow, path=str(path.absolute()), requested_by=by, options=choices.stored(), is_upload=is_upload
    )


@transaction.atomic
def start_import(*, workflow: Workflow, path: Path, by: User, choices: Choices) -> ClassificationImport:
    """Create an import of an uploaded file, and dispatch it; a second click returns the first one's."""
    Workflow.objects.select_for_update(no_key=True).get(pk=workflow.pk)
    ended = (JobState.FAILED, JobState.CANCELLED)
    uploaded = ClassificationImport.objects.filter(workflow=workflow, path=str(path.absolute()), is_upload=True)
    if (earlier := uploaded.exclude(state__in=ended).first()) is not None:
        return earlier
    job = new_import(workflow=workflow, path=path, by=by, choices=choices, is_upload=True)
    job.enqueue()
    return job


BATCH = 500


def bring_in(job: ClassificationImport, watch: Callable[[ClassificationImport], object] = lambda job: None) -> None:
    """Run the import from the row after the last imported one, and finish it.

    The whole file is checked before anything is written, so nothing of a broken one is imported.

    Raises LeaseLost or Cancelled: the import belongs to another worker, or was cancelled. Imported rows stay.
    """
    path, choices = Path(job.path), Choices(**job.options)
    try:
        total = sum(1 for _ in read_classifications(path))
        through_restarts(partial(job.renew, total=total))
        own, tally = own_people(job.workflow), Tally.of(job)
        for batch in _batches(islice(read_classifications(path), tally.done, None)):
            tally = through_restarts(partial(store, job, choices, batch, own, tally))
            watch(job)
    except BadFile as bad:
        message = NOT_BROUGHT_IN_FURTHER if job.added else NOT_BROUGHT_IN
        job.fail(message(problem=bad))
        return
    through_restarts(job.finish)
    if job.is_upload:
        remove_upload(path)


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH)):
        yield batch
