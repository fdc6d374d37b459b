"""ASGI server front: reads each request whole, then runs the WSGI application in a thread and sends its response.

So no thread waits for a client, except one that streams a long table. Next and submit have threads of their own: no
export or slow page keeps a volunteer waiting.
"""

import asyncio
import re
import sys
from io import BytesIO
from threading import BoundedSemaphore
from typing import Any

from django.core import signals
from django.http import JsonResponse

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
from webapp.front.reply import Application, Reply, Send, refusal
from webapp.front.threads import Threads

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


LIVE = ("/health/live/", "/health/live")
NEXT_OR_SUBMIT = re.compile(r"/api/(workflows/[^/]+/next|classifications)/")


class Front:
    """An ASGI application that runs a WSGI application in threads, next and submit in those of `volunteers`.

    At most `streams` replies are streamed at once. Busy threads do not keep the watchdog from being answered, and the
    answer says for how long they have been stuck.
    """

    def __init__(self, site: Application, threads: Threads, volunteers: Threads, streams: int) -> None:
        self.site, self.threads, self.volunteers = site, threads, volunteers
        self.streams = BoundedSemaphore(streams)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in LIVE and scope["method"] == "GET":
            stuck = max(self.threads.stuck_seconds(), self.volunteers.stuck_seconds())
            await _say_that_it_lives(send, stuck)
        elif scope["type"] == "http":
            environ = environ_of(scope)
            if _has_body(scope, environ):
                await self._read_and_answer(environ, receive, send)
            else:
                await self._answer(environ | {"wsgi.input": BytesIO()}, receive, send)

    async def _read_and_answer(self, environ: dict[str, Any], receive: Receive, send: Send) -> None:
        try:
            body, size = await read_body(receive, await self._terms(environ), _announced(environ))
        except TooSlow:
            await _send_whole(send, *refusal(environ, 408, "The request came too slowly. Send it again."))
        except TooLarge:
            said = "This is larger than what may be sent here. Nothing was kept."
            await _send_whole(send, *refusal(environ, 413, said))
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
        reply = Reply(loop, receive, send, self.streams)
        threads = self.volunteers if NEXT_OR_SUBMIT.fullmatch(environ["PATH_INFO"]) else self.threads
        try:
            body = await loop.run_in_executor(threads, reply.make, self.site, environ)
        except ConnectionAbortedError:
            return
        if body is not None:
            await _send_whole(send, reply.head, body)


async def _say_that_it_lives(send: Send, stuck_seconds: float) -> None:
    answer = JsonResponse({"status": "ok", "stuck_seconds": round(stuck_seconds, 1)})
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.items()]
    head = {"type": "http.response.start", "status": answer.status_code, "headers": headers}
    await _send_whole(send, head, answer.content)


async def _send_whole(send: Send, head: dict[str, Any], body: bytes) -> None:
    await send(head)
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
