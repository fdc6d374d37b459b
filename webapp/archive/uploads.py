"""Files that a browser sends to be ingested: kept in a folder of their own below the survey's inbox."""

import secrets
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.archive.ingest.inbox import inbox
from webapp.archive.ingest.start import IngestRefused
from webapp.archive.models import Survey


def keep_upload(survey: Survey, files: Sequence[UploadedFile]) -> Path:
    """Write the files and return what to ingest: the file, or the folder where there are several.

    Raises
    ------
    IngestRefused
        Together they are larger than MAX_UPLOAD_MB, or two have the same name. Nothing is kept then.
    """
    size = sum(file.size or 0 for file in files)
    if size > settings.MAX_UPLOAD:
        said = _(
            "These are %(size)s MB, and an upload may have %(most)s MB. Copy them into %(inbox)s and name them from "
            "there."
        )
        sizes = {"size": intcomma(round(size / 2**20)), "most": intcomma(round(settings.MAX_UPLOAD / 2**20))}
        raise IngestRefused(said % {**sizes, "inbox": inbox(survey)})
    names = [Path(file.name or "upload").name for file in files]
    if len(set(names)) < len(names):
        raise IngestRefused(_("Two of these files have the same name. Rename one of them; nothing was kept."))
    folder = inbox(survey) / f"upload-{timezone.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    folder.mkdir()
    for name, file in zip(names, files, strict=True):
        _write(folder / name, file)
    return folder / names[0] if len(names) == 1 else folder


def _write(path: Path, file: UploadedFile) -> None:
    with path.open("wb") as out:
        for chunk in file.chunks():
            out.write(chunk)
