"""Uploaded files: a bounded upload handler, and storage below the survey's inbox for ingest."""

import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from ml.io.alerts.mapping_file import MAPPING
from ml.io.alerts.read_packets import PACKETS
from ml.io.manifest import MANIFESTS, manifest_of
from ml.io.manifest_tables import VOTABLE
from ml.io.open_pictures import SUFFIXES
from ml.io.read_subjects import READABLE
from webapp.archive.ingest.create_run import IngestRefused, inbox, start_ingest
from webapp.archive.models import IngestRun, Membership, Role, Survey
from webapp.core.disks import has_room_for
from webapp.core.partial_files import whole_folder

AROUND = 2**20
"""Bytes that a request may exceed its files by: their names, and the form's other fields."""

PICTURES = (*PACKETS, *SUFFIXES)
LONGEST_NAME = 255
"""Bytes of a file's name that a disk takes."""


class Unkept(BytesIO):
    """The empty content of a file that was too large; reading it anyway ends the request."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise RequestDataTooBig("This file was too large to be kept.")


class BoundedUploadHandler(TemporaryFileUploadHandler):
    """Stop writing at MAX_UPLOAD_MB per request; write nothing for users who may not upload.

    They are everybody but scientists of the survey in the URL. Requests that announce too large a size are not written
    either. The rest is read and dropped, so that the page can respond: its form knows each file's name and size, and
    says what is too large.
    """

    request: HttpRequest
    left = 0

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *args: Any, **kwargs: Any) -> None:
        """Start counting."""
        is_taken = content_length <= settings.MAX_UPLOAD + AROUND and may_send_files(self.request)
        self.left = settings.MAX_UPLOAD if is_taken else 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a chunk, as long as the total is within the limit."""
        self.left -= len(raw_data)
        if self.left >= 0:
            super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> UploadedFile | None:
        """Return the file, or an empty stand-in of its size."""
        if self.left >= 0:
            return super().file_complete(file_size)
        self.file.close()
        return UploadedFile(Unkept(), self.file_name, self.content_type, file_size, self.charset)


def may_send_files(request: HttpRequest) -> bool:
    """Return whether the user works on the survey in the URL; only its own pages accept files."""
    match = request.resolver_match
    survey = Survey.objects.filter(slug=match.kwargs["slug"]).first() if match and "slug" in match.kwargs else None
    return survey is not None and Membership.objects.allows(request.user, survey, Role.SCIENTIST)


def store_upload(survey: Survey, files: Sequence[UploadedFile]) -> Path:
    """Write the files and return the path to ingest: the file, the only table among several, or their folder.

    Raises IngestRefused: in total they exceed MAX_UPLOAD_MB or would leave less than MIN_FREE_MB on the disk, two have
    the same name, one has a name that is too long, or an ingest reads none of them. Nothing is stored.
    """
    size = sum(file.size or 0 for file in files)
    if size > settings.MAX_UPLOAD:
        message = _(
            "These files are %(size)s MB; uploads can be up to %(most)s MB. Copy them into %(inbox)s and "
            "give the path there."
        )
        sizes = {"size": intcomma(round(size / 2**20)), "most": intcomma(round(settings.MAX_UPLOAD / 2**20))}
        raise IngestRefused(message % {**sizes, "inbox": inbox(survey)})
    if not has_room_for(size):
        raise IngestRefused(_("The site's disk has too little room for these files. Nothing was saved."))
    names = [Path(file.name or "upload").name for file in files]
    if len(set(names)) < len(names):
        raise IngestRefused(_("Two files have the same name. Rename one; nothing was saved."))
    if too_long := [name for name in names if len(name.encode()) > LONGEST_NAME]:
        message = _("The name of %(name)s is too long for the site's disk. Rename it; nothing was saved.")
        raise IngestRefused(message % {"name": too_long[0]})
    if not any(name.lower().endswith(READABLE) for name in names):
        message = _("No file here is an image, an alert packet or a manifest. Known endings: %(endings)s.")
        raise IngestRefused(message % {"endings": ", ".join(READABLE)})
    folder = inbox(survey) / f"upload-{timezone.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    with whole_folder(folder) as partial:
        for name, file in zip(names, files, strict=True):
            _write(partial / name, file)
    return folder / names[0] if len(names) == 1 else _own_manifest(folder, names) or folder


def _own_manifest(folder: Path, names: Sequence[str]) -> Path | None:
    """Return the only table among the files, a manifest of any name; None if the folder shows its manifest itself."""
    tables = [name for name in names if name.lower().endswith((".csv", *VOTABLE))]
    return folder / tables[0] if len(tables) == 1 and not set(MANIFESTS) & set(names) else None


def ingest_upload(survey: Survey, files: Sequence[UploadedFile], **asked: Any) -> IngestRun:
    """Store the files and start to ingest them; parameters as in `new_run`.

    Raises IngestRefused: the files, or what is asked for, are refused. Nothing is stored.
    """
    path = store_upload(survey, files)
    with _removed_on_failure(path if path.is_dir() else path.parent):
        return start_ingest(survey=survey, path=path, **asked)


@contextmanager
def _removed_on_failure(folder: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


FOLDER = re.compile(r"upload-\d{8}-\d{6}-[0-9a-f]{6}")
"""The name of a folder that `store_upload` makes."""


def uploaded_names(run: IngestRun) -> list[str]:
    """Return the names of the files that a run reads, as they were uploaded; none if they were not."""
    path = Path(run.path)
    for folder in (path, path.parent):
        if FOLDER.fullmatch(folder.name) and folder.is_dir():
            return sorted(each.name for each in folder.iterdir())
    return [path.name] if FOLDER.fullmatch(path.parent.name) else []


def unread_names(run: IngestRun) -> list[str]:
    """Return the names of uploaded files that a run leaves out: neither images, nor packets, nor its manifest."""
    strange = [name for name in uploaded_names(run) if name != MAPPING and not name.lower().endswith(PICTURES)]
    own = manifest_of(Path(run.path)) if strange else None
    return [name for name in strange if not isinstance(own, Path) or name != own.name]


def _write(path: Path, file: UploadedFile) -> None:
    with path.open("wb") as out:
        for chunk in file.chunks():
            out.write(chunk)
