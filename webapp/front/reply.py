"""Send a response: whole if it is short, else streamed from its thread, as fast as the client reads."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import chain
from threading import BoundedSemaphore
from typing import Any

from webapp.front.body import Receive

Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

PART = 2**16
WHOLE = 2 * 2**20
"""Maximum bytes of a reply that is buffered whole, so that no thread waits for a slow reader."""
PATIENCE = 30.0
"""Seconds that a client may stop reading a streamed reply."""
RATE = 32_768.0
"""Minimum bytes a second that a client reads on average after its first PATIENCE, the site's own time not counted."""
BUSY = "Too many downloads are running. Try again in a minute."
BUSY_SECONDS = 60


class Reply:
    """One response on its way to a client. Only its own thread may wait, and only for a client that reads.

    `streams` counts those that may still be streamed; without one left, the client is asked to come back.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, receive: Receive, send: Send, streams: BoundedSemaphore
    ) -> None:
        self.loop, self.receive, self.send, self.streams = loop, receive, send, streams
        self.is_unwanted = False
        self.size, self.waited = 0, 0.0  # bytes sent, and seconds that the client took for them
        self.head: dict[str, Any] = {}

    def make(self, application: Application, environ: dict[str, Any]) -> bytes | None:
        """Return the whole body if it is short or refused; else stream it from here, and return None."""
        made = application(environ, self._start)
        try:
            parts = _parts(made, WHOLE if self._is_short() else PART)
            first = next(parts, b"")
            second = next(parts, None)
            return first if second is None else self._stream(chain((first, second), parts), environ)
        finally:
            close = getattr(made, "close", None)
            if close is not None:
                close()

    def _start(self, status: str, headers: list[tuple[str, str]], error: Any = None) -> None:
        pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        self.head = {"type": "http.response.start", "status": int(status[:3]), "headers": pairs}

    def _is_short(self) -> bool:
        length = dict(self.head.get("headers", ())).get(b"content-length", b"")
        return length.isdigit() and len(length) < 10 and int(length) <= WHOLE

    def _stream(self, parts: Iterable[bytes], environ: dict[str, Any]) -> bytes | None:
        if not self.streams.acquire(blocking=False):
            self.head, refused = refusal(environ, 503, BUSY, (b"retry-after", str(BUSY_SECONDS).encode()))
            return refused
        try:
            self._send_all(parts)
        finally:
            self.streams.release()
        return None

    def _send_all(self, parts: Iterable[bytes]) -> None:
        watching = asyncio.run_coroutine_threadsafe(self._watch(), self.loop)
        try:
            self._give(self.head)
            for part in parts:
                self._give({"type": "http.response.body", "body": part, "more_body": True})
            self._give({"type": "http.response.body", "body": b""})
        finally:
            watching.cancel()

    async def _sent(self, message: dict[str, Any]) -> None:
        await self.send(message)

    async def _watch(self) -> None:
        """Notice when the client disconnects."""
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.is_unwanted = True

    def _give(self, message: dict[str, Any]) -> None:
        begun = time.monotonic()
        future = asyncio.run_coroutine_threadsafe(self._sent(message), self.loop)
        try:
            future.result(min(PATIENCE, PATIENCE + self.size / RATE - self.waited))
        except TimeoutError:
            future.cancel()
            raise ConnectionAbortedError("The client reads its reply too slowly.") from None
        self.size += len(message.get("body", b""))
        self.waited += time.monotonic() - begun
        if self.is_unwanted:
            raise ConnectionAbortedError("The client is gone.")


def _parts(made: Iterable[bytes], least: int) -> Iterator[bytes]:
    """Join short pieces, so that a table is not sent row by row."""
    waiting: list[bytes] = []
    size = 0
    for piece in made:
        waiting.append(piece)
        size += len(piece)
        if size >= least:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def refusal(
    environ: dict[str, Any], status: int, sentence: str, *headers: tuple[bytes, bytes]
) -> tuple[dict[str, Any], bytes]:
    """Return head and body of a refusal: in the API's way under its addresses, and else plain text."""
    is_api = environ["PATH_INFO"].startswith("/api/")
    said = json.dumps({"detail": sentence}).encode() if is_api else sentence.encode()
    kind = b"application/json" if is_api else b"text/plain; charset=utf-8"
    always = [(b"content-type", kind), (b"content-length", str(len(said)).encode()), (b"connection", b"close")]
    return {"type": "http.response.start", "status": status, "headers": [*always, *headers]}, said
