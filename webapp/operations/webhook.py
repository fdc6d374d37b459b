"""Call a webhook: one message, no redirects, and an answer that is there in time or counts as none.

With urllib, which goes through the proxy that the environment names; httpcore, which asks others
(`webapp.core.public_network`), would not.
"""

import io
import json
import socket
import time
import urllib.request
from base64 import b64encode
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit

TIMEOUT = 10  # seconds
LONGEST = 20.0
"""Seconds from the end of the message to the end of the answer's header, however slowly its bytes come."""


MOST_SHOWN = 200
"""Characters of a refusal that are shown."""


class Refused(OSError):
    """The receiver answered with another status than success; `said` is how its answer begins, as plain text."""

    def __init__(self, error: HTTPError) -> None:
        super().__init__(str(error))
        self.status, self.said = error.code, _beginning(error)


class _InTime(io.RawIOBase):
    """The bytes of an answer, until it has taken too long."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw, self._sock, self._ends = raw, sock, time.monotonic() + LONGEST

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no whole answer in {LONGEST:.0f} s")
        self._sock.settimeout(min(TIMEOUT, left))
        read: int | None = self._raw.readinto(buffer)
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp = io.BufferedReader(_InTime(self.fp.detach(), sock))


class _Plain(HTTPConnection):
    response_class = _Response


class _Secure(HTTPSConnection):
    response_class = _Response


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(_Plain, req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(_Secure, req)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Refuses redirects: after one the message is no longer sent, and the answer says nothing of it."""

    def redirect_request(self, *_: Any) -> None:
        return None


DIRECTLY = urllib.request.build_opener(_NoRedirects, _Http, _Https)


def call_webhook(address: str, text: str) -> None:
    """Post {"text": …}, which Slack, Mattermost and others understand.

    Raises Refused, another OSError or HTTPException if that fails, ValueError for a malformed address.
    """
    address, login = _without_login(address)
    body = json.dumps({"text": text}).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})  # noqa: S310  # checked at the start
    if login:
        request.add_unredirected_header("Authorization", f"Basic {b64encode(login.encode()).decode()}")
    try:
        DIRECTLY.open(request, timeout=TIMEOUT).close()
    except HTTPError as error:
        with error:
            raise Refused(error) from error


def _beginning(error: HTTPError) -> str:
    try:
        read = error.read(4 * MOST_SHOWN).decode(errors="replace")  # a character has at most four bytes
    except (OSError, HTTPException):
        return ""
    return " ".join("".join(each if each.isprintable() else " " for each in read).split())[:MOST_SHOWN]


def _without_login(address: str) -> tuple[str, str]:
    """Return the address and its `user:password`, apart, for HTTP's Basic authentication."""
    parts = urlsplit(address.strip())
    login, _at, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=host).geturl(), unquote(login)
