"""Run the site's WSGI application in a thread, and send what it answers: at once, or part by part as it is made."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from webapp.front.body import Receive

Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

PART = 2**16
WHOLE = 2 * 2**20
"""Bytes up to which a reply of known length is handed over whole, so that no thread waits for who reads it slowly."""
PATIENCE = 30.0
"""Seconds for which a client may take nothing of a reply that is being made for it."""


class Reply:
    """One answer on its way to a client. Only the thread that makes it may wait, and only for a client that reads."""

    def __init__(self, loop: asyncio.AbstractEventLoop, receive: Receive, send: Send) -> None:
        self.loop, self.receive, self.send = loop, receive, send
        self.is_unwanted = False
        self.head: dict[str, Any] = {}

    def make(self, application: Application, environ: dict[str, Any]) -> bytes | None:
        """Return the whole body where it is short; else send it from here, and return None."""
        made = application(environ, self._start)
        try:
            parts = _parts(made, WHOLE if self._is_short() else PART)
            first = next(parts, b"")
            second = next(parts, None)
            if second is None:
                return first
            self._send_all(chain((first, second), parts))
            return None
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
        """Note when the client goes away."""
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.is_unwanted = True

    def _give(self, message: dict[str, Any]) -> None:
        future = asyncio.run_coroutine_threadsafe(self._sent(message), self.loop)
        try:
            future.result(PATIENCE)
        except TimeoutError:
            future.cancel()
            raise ConnectionAbortedError("The client takes nothing of its reply.") from None
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
