"""Files that a browser sends, kept on disk as they arrive: as much as one upload may have, and from accounts alone."""

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest


class Unkept(BytesIO):
    """What is there of a file that was too large: nothing, so whoever reads it nevertheless ends the request."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise RequestDataTooBig("This file was too large to be kept.")


class BoundedUploadHandler(TemporaryFileUploadHandler):
    """Stop writing at MAX_UPLOAD_MB, counted over all files of a request, or at once for whoever is not signed in.

    The rest is read and dropped, so that the page can answer: its form knows each file's name and size, and says what
    is too large. Nobody's role is known yet, since the form's token, which comes with the files, is read first.
    """

    request: HttpRequest
    left = 0

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        """Begin to count."""
        self.left = settings.MAX_UPLOAD if self.request.user.is_authenticated else 0

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
