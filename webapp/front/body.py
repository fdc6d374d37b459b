"""Read request bodies, however slow, without occupying a thread, within limits by address and by sender."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.wsgi import WSGIRequest
from django.urls import Resolver404, resolve
from rest_framework.exceptions import AuthenticationFailed

from webapp.api.defaults import VolunteerTokenAuthentication
from webapp.archive.uploads import AROUND, may_send_files

Receive = Callable[[], Awaitable[dict[str, Any]]]

IN_MEMORY = 2**18
"""Maximum bytes of a body in memory; a larger one goes to disk."""


@dataclass(frozen=True)
class Terms:
    """Limits of a body: its size, its duration, and its minimum speed after the first seconds."""

    largest: int
    seconds: float
    first_seconds: float = 15.0
    rate: float = 4096.0  # bytes a second

    def left(self, received: int, elapsed: float) -> float:
        """Return the seconds to wait for more."""
        return min(self.seconds, self.first_seconds + received / self.rate) - elapsed


class TooSlow(Exception):
    """The body did not arrive in time."""


class TooLarge(Exception):
    """The body exceeds its limit; it was read and dropped, so that its sender gets a response."""


class Gone(Exception):
    """The client disconnected."""


async def read_body(receive: Receive, terms: Terms, announced: int = 0) -> tuple["SpooledTemporaryFile[bytes]", int]:
    """Return the body, opened for reading, and its length. A body announced as too large is never stored.

    Raises TooSlow or TooLarge or Gone: nothing is kept then.
    """
    body = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # whoever gets it closes it
    size, start, more = 0, time.monotonic(), True
    try:
        while more:
            left = terms.left(size, time.monotonic() - start)
            if left <= 0:
                raise TooSlow
            try:
                message = await asyncio.wait_for(receive(), left)
            except TimeoutError as error:
                raise TooSlow from error
            if message["type"] == "http.disconnect":
                raise Gone
            part, more = message.get("body", b""), message.get("more_body", False)
            size += len(part)
            if max(size, announced) <= terms.largest:
                body.write(part)
            elif body.tell():
                body.seek(0)
                body.truncate()
        if max(size, announced) > terms.largest:
            raise TooLarge
    except BaseException:
        body.close()
        raise
    body.seek(0)
    return body, size


FILES = re.compile(
    r"/surveys/[-\w]+/(ingest/start|guides/images|learning/import|exchange/[-.\w]+/import)/\Z|/api/surveys/[-\w]+/images/\Z"
)
HOUR = 3600.0


def plain_terms() -> Terms:
    """Return the limits of a form or an API message."""
    return Terms(largest=settings.DATA_UPLOAD_MAX_MEMORY_SIZE + AROUND, seconds=120.0)


def file_terms() -> Terms:
    """Return the limits for people who may send files."""
    return Terms(largest=settings.MAX_UPLOAD + AROUND, seconds=2 * HOUR, rate=32_768.0)


def takes_files(path: str) -> bool:
    """Return whether this URL accepts files; others accept only small bodies."""
    return FILES.match(path) is not None


def is_sent_by_one_who_may(environ: dict[str, Any]) -> bool:
    """Return whether the user, by session cookie or API token, may send files there, before anything is read."""
    request: Any = WSGIRequest(environ | {"wsgi.input": BytesIO(), "CONTENT_LENGTH": "0"})
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    try:
        by_token = VolunteerTokenAuthentication().authenticate(request)
        request.user = by_token[0] if by_token else get_user(request)
        request.resolver_match = resolve(request.path_info)
    except (AuthenticationFailed, Resolver404):
        return False
    return may_send_files(request)
