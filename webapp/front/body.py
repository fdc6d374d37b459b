"""Read what a client sends, however slowly, without a thread that waits for it; and no longer than is fair."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Any

Receive = Callable[[], Awaitable[dict[str, Any]]]

IN_MEMORY = 2**18
"""Bytes of a body that are kept in memory; a larger one goes to disk."""


@dataclass(frozen=True)
class Terms:
    """How large a body may be, how long it may take to come, and how slowly after the first seconds."""

    largest: int
    seconds: float
    first_seconds: float = 15.0
    rate: float = 4096.0  # bytes a second

    def left(self, received: int, elapsed: float) -> float:
        """Return the seconds for which to wait for more."""
        return min(self.seconds, self.first_seconds + received / self.rate) - elapsed


class TooSlow(Exception):
    """The body did not come in time."""


class TooLarge(Exception):
    """The body is larger than it may be; it was read and dropped, so that its sender hears of it."""


class Gone(Exception):
    """The client went away."""


async def read_body(receive: Receive, terms: Terms, announced: int = 0) -> tuple["SpooledTemporaryFile[bytes]", int]:
    """Return the body, ready to be read, and its length. A body that is announced as too large is never kept.

    Raises
    ------
    TooSlow, TooLarge, Gone
        Nothing is kept then.
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
