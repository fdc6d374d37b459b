"""Uploaded files: a bounded upload handler, and storage below the survey's inbox for ingest."""

import secrets
from collections.abc import Sequence
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

from webapp.archive.ingest.create_run import IngestRefused, inbox
from webapp.archive.models import Membership, Role, Survey

AROUND = 2**20
"""Bytes by which a request may be larger than the files in it: their names, and the form's other fields."""


class Unkept(BytesIO):
    """What is there of a file that was too large: nothing, so whoever reads it nevertheless ends the request."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise RequestDataTooBig("This file was too large to be kept.")


class BoundedUploadHandler(TemporaryFileUploadHandler):
    """Stop writing at MAX_UPLOAD_MB, counted over all files of a request; write nothing for whoever may send none.

    That is: whoever is no scientist of the survey that the address names. Nor is anything written of a request that
    says itself to be too large. The rest is read and dropped, so that the page can answer: its form knows each file's
    name and size, and says what is too large.
    """

    request: HttpRequest
    left = 0

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *args: Any, **kwargs: Any) -> None:
        """Begin to count."""
        is_taken = content_length <= settings.MAX_UPLOAD + AROUND and may_send_files(self.request)
        self.left = settings.MAX_UPLOAD if is_taken else 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a part of a file, as long as all parts together may be kept."""
        self.left -= len(raw_data)
        if self.left >= 0:
            super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> UploadedFile | None:
        """Return the file, or one of its size without its content."""
        if self.left >= 0:
            return super().file_complete(file_size)
        self.file.close()
        return UploadedFile(Unkept(), self.file_name, self.content_type, file_size, self.charset)


def may_send_files(request: HttpRequest) -> bool:
    """Return whether the person works on the survey that the address names; only its own pages take files."""
    match = request.resolver_match
    survey = Survey.objects.filter(slug=match.kwargs["slug"]).first() if match and "slug" in match.kwargs else None
    return survey is not None and Membership.objects.allows(request.user, survey, Role.SCIENTIST)


def keep_upload(survey: Survey, files: Sequence[UploadedFile]) -> Path:
    """Write the files and return what to ingest: the file, or the folder where there are several.

    Raises
    ------
    IngestRefused
        Together they are larger than MAX_UPLOAD_MB, or two have the same name. Nothing is kept then.
    """
    size = sum(file.size or 0 for file in files)
    if size > settings.MAX_UPLOAD:
        message = _(
            "These files are %(size)s MB; uploads can be up to %(most)s MB. Copy them into %(inbox)s and "
            "give the path there."
        )
        sizes = {"size": intcomma(round(size / 2**20)), "most": intcomma(round(settings.MAX_UPLOAD / 2**20))}
        raise IngestRefused(message % {**sizes, "inbox": inbox(survey)})
    names = [Path(file.name or "upload").name for file in files]
    if len(set(names)) < len(names):
        raise IngestRefused(_("Two files have the same name. Rename one; nothing was saved."))
    folder = inbox(survey) / f"upload-{timezone.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    folder.mkdir()
    for name, file in zip(names, files, strict=True):
        _write(folder / name, file)
    return folder / names[0] if len(names) == 1 else folder


def _write(path: Path, file: UploadedFile) -> None:
    with path.open("wb") as out:
        for chunk in file.chunks():
            out.write(chunk)
