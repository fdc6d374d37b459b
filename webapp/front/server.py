"""ASGI server front: reads each request whole, then runs the WSGI application in a thread and streams its response.

So no thread waits for a client, except one that streams a long table. Next and submit have threads of their own: no
export or slow page keeps a volunteer waiting.
"""

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import chain
from typing import Any

from django.core import signals

from webapp.front.body import (
    Gone,
    Receive,
    Terms,
    TooLarge,
    TooSlow,
    file_terms,
    is_sent_by_one_who_may,
    plain_terms,
    read_body,
    takes_files,
)

Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

PART = 2**16
WHOLE = 2 * 2**20
"""Maximum bytes of a reply that is buffered whole, so that no thread waits for a slow reader."""
PATIENCE = 30.0
"""Seconds that a client may stop reading a streamed reply."""


class Reply:
    """One response on its way to a client. Only its own thread may wait, and only for a client that reads."""

    def __init__(self, loop: asyncio.AbstractEventLoop, receive: Receive, send: Send) -> None:
        self.loop, self.receive, self.send = loop, receive, send
        self.is_unwanted = False
        self.head: dict[str, Any] = {}

    def make(self, application: Application, environ: dict[str, Any]) -> bytes | None:
        """Return the whole body if it is short; else stream it from here, and return None."""
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
        """Notice when the client disconnects."""
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


Scope = dict[str, Any]


def environ_of(scope: Scope) -> dict[str, Any]:
    """Return the WSGI environment of an ASGI request, without its body."""
    host, port = scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": str(host),
        "SERVER_PORT": str(port or 0),
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in _headers(scope):
        environ[name] = f"{environ[name]},{value}" if name in environ else value
    return environ


def _headers(scope: Scope) -> list[tuple[str, str]]:
    """Return the headers as WSGI variables, without those with underscores, which could spoof a proxy's."""
    headers = []
    for name, value in scope["headers"]:
        header = name.decode("latin-1")
        if "_" not in header:
            variable = header.upper().replace("-", "_")
            plain = variable in ("CONTENT_TYPE", "CONTENT_LENGTH")
            headers.append((variable if plain else f"HTTP_{variable}", value.decode("latin-1")))
    return headers


NEXT_OR_SUBMIT = re.compile(r"/api/(workflows/[^/]+/next|classifications)/")


class Front:
    """An ASGI application that runs a WSGI application in threads, next and submit in those of `volunteers`."""

    def __init__(self, site: Application, threads: ThreadPoolExecutor, volunteers: ThreadPoolExecutor) -> None:
        self.site, self.threads, self.volunteers = site, threads, volunteers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            environ = environ_of(scope)
            if _has_body(scope, environ):
                await self._read_and_answer(environ, receive, send)
            else:
                await self._answer(environ | {"wsgi.input": BytesIO()}, receive, send)

    async def _read_and_answer(self, environ: dict[str, Any], receive: Receive, send: Send) -> None:
        try:
            body, size = await read_body(receive, await self._terms(environ), _announced(environ))
        except TooSlow:
            await _refuse(environ, send, 408, "The request came too slowly. Send it again.")
        except TooLarge:
            await _refuse(environ, send, 413, "This is larger than what may be sent here. Nothing was kept.")
        except Gone:
            return
        else:
            with body:
                await self._answer(environ | {"wsgi.input": body, "CONTENT_LENGTH": str(size)}, receive, send)

    async def _terms(self, environ: dict[str, Any]) -> Terms:
        if environ["REQUEST_METHOD"] != "POST" or not takes_files(environ["PATH_INFO"]):
            return plain_terms()
        may = await asyncio.get_running_loop().run_in_executor(self.threads, _asked, environ)
        return file_terms() if may else plain_terms()

    async def _answer(self, environ: dict[str, Any], receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        reply = Reply(loop, receive, send)
        threads = self.volunteers if NEXT_OR_SUBMIT.fullmatch(environ["PATH_INFO"]) else self.threads
        try:
            body = await loop.run_in_executor(threads, reply.make, self.site, environ)
        except ConnectionAbortedError:
            return
        if body is not None:
            await send(reply.head)
            await send({"type": "http.response.body", "body": body})


def _has_body(scope: Scope, environ: dict[str, Any]) -> bool:
    return scope["http_version"] == "2" or not environ.keys().isdisjoint(("CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"))


def _announced(environ: dict[str, Any]) -> int:
    """Return the announced length of the body."""
    length = environ.get("CONTENT_LENGTH", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 19 else 0


def _asked(environ: dict[str, Any]) -> bool:
    """Query the database as a request does: on a checked connection, which is released afterwards."""
    signals.request_started.send(sender=_asked, environ=environ)
    try:
        return is_sent_by_one_who_may(environ)
    finally:
        signals.request_finished.send(sender=_asked)


async def _refuse(environ: dict[str, Any], send: Send, status: int, sentence: str) -> None:
    """Answer in the API's way under its addresses, and else as plain text."""
    is_api = environ["PATH_INFO"].startswith("/api/")
    said = json.dumps({"detail": sentence}).encode() if is_api else sentence.encode()
    kind = b"application/json" if is_api else b"text/plain; charset=utf-8"
    headers = [(b"content-type", kind), (b"content-length", str(len(said)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": said})
