"""Uploaded files of classifications, kept until they are imported."""

import re
import secrets
import shutil
import time
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from webapp.workflows.models import Workflow

TOKEN = re.compile(r"[0-9a-f]{16}")
KEPT_SECONDS = 7 * 24 * 3600
SUFFIXES = (".csv", ".json")


class UploadRefused(ValueError):
    """A file that is not taken; the sentence says why."""


def keep_upload(workflow: Workflow, file: UploadedFile) -> str:
    """Write the file, and return the word by which it is found again.

    Raises
    ------
    UploadRefused
        It is larger than MAX_UPLOAD_MB, or neither CSV nor JSON by its name. Nothing is kept.
    """
    if (file.size or 0) > settings.MAX_UPLOAD:
        sizes = {"size": (file.size or 0) // 2**20, "most": settings.MAX_UPLOAD // 2**20}
        raise UploadRefused(
            _("This file has %(size)d MB, and an upload may have %(most)d MB. Split it, or use the command line.")
            % sizes
        )
    name = Path((file.name or "").replace("\0", "")).name
    if Path(name).suffix.lower() not in SUFFIXES:
        raise UploadRefused(_("Choose a .csv or a .json file: an export of Panoptes or of Label Studio."))
    _forget_old(_folder(workflow))
    token = secrets.token_hex(8)
    folder = _folder(workflow) / token
    folder.mkdir(parents=True)
    with (folder / name[-100:]).open("wb") as out:
        for chunk in file.chunks():
            out.write(chunk)
    return token


def upload_path(workflow: Workflow, token: str) -> Path | None:
    """Return the file that the word stands for; None for one that is no longer, or never was, there."""
    if not TOKEN.fullmatch(token):
        return None
    return next(iter((_folder(workflow) / token).glob("*")), None)


def remove_upload(path: Path) -> None:
    """Remove a file and its folder."""
    shutil.rmtree(path.parent, ignore_errors=True)


def _folder(workflow: Workflow) -> Path:
    return Path(settings.DATA) / "imports" / str(workflow.pk)


def _forget_old(folder: Path) -> None:
    """Remove the files that somebody sent and did not come back to."""
    before = time.time() - KEPT_SECONDS
    for each in folder.glob("*"):
        if each.stat().st_mtime < before:
            shutil.rmtree(each, ignore_errors=True)
