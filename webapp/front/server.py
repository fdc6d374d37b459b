"""A front before the site: reads each request whole, without a thread, and then lets a thread answer it.

So no thread waits for a client, except for one that reads a long table while it is made.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

from django.core import signals

from webapp.front.body import Gone, Receive, Terms, TooLarge, TooSlow, read_body
from webapp.front.limits import file_terms, is_sent_by_one_who_may, plain_terms, takes_files
from webapp.front.reply import Application, Reply, Scope, Send, environ_of


class Front:
    """An ASGI application that answers by a WSGI one in some threads."""

    def __init__(self, site: Application, threads: ThreadPoolExecutor) -> None:
        self.site, self.threads = site, threads

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
            await _refuse(send, 408, "The request came too slowly. Send it again.")
        except TooLarge:
            await _refuse(send, 413, "This is larger than what may be sent here. Nothing was kept.")
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
        try:
            body = await loop.run_in_executor(self.threads, reply.make, self.site, environ)
        except ConnectionAbortedError:
            return
        if body is not None:
            await send(reply.head)
            await send({"type": "http.response.body", "body": body})


def _has_body(scope: Scope, environ: dict[str, Any]) -> bool:
    return scope["http_version"] == "2" or not environ.keys().isdisjoint(("CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"))


def _announced(environ: dict[str, Any]) -> int:
    """Return how large the body says itself to be."""
    length = environ.get("CONTENT_LENGTH", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 19 else 0


def _asked(environ: dict[str, Any]) -> bool:
    """Ask the database as a request does: on a connection that is tried first, and given back after."""
    signals.request_started.send(sender=_asked, environ=environ)
    try:
        return is_sent_by_one_who_may(environ)
    finally:
        signals.request_finished.send(sender=_asked)


async def _refuse(send: Send, status: int, sentence: str) -> None:
    said = sentence.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(said)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": said})
