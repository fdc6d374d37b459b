"""Ask a broker's HTTP API: only allowed hosts at public addresses, no redirects, bounded answers."""

import ssl
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpcore
from django.conf import settings

from ml.io.limits import size_in_words
from webapp.core.public_network import CheckedBackend, PrivateHost, UnknownHost, look_up
from webapp.streams import messages

TIMEOUT = {"connect": 5.0, "write": 30.0, "read": 60.0, "pool": 5.0}
LONGEST = 120.0
"""Seconds from the first byte of a request to the last one of its answer."""
MOST_BYTES = 64 * 1024**2


class ApiFailed(ValueError):
    """The API gave no usable answer; the message says what is wrong."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Gone(ApiFailed):
    """There is nothing at this address."""


class HttpClient:
    """Keeps connections to an API."""

    @cached_property
    def _pool(self) -> httpcore.ConnectionPool:
        """Made for the first request: to read the certificates of all authorities takes 20 ms."""
        backend = CheckedBackend(_checked_address, LONGEST)
        return httpcore.ConnectionPool(ssl_context=ssl.create_default_context(), network_backend=backend)

    def get(self, address: str) -> bytes:
        """Return what is at an address.

        Raises
        ------
        ApiFailed
            The host is not allowed or has a private address, or no answer, one with another status or a too long one.
        """
        return self._ask("GET", address, None)

    def post(self, address: str, body: bytes) -> bytes:
        """Return the answer to a JSON body; errors as in `get`."""
        return self._ask("POST", address, body)

    def _ask(self, method: str, address: str, body: bytes | None) -> bytes:
        check_host(address)
        asked: dict[str, Any] = {"headers": {"Content-Type": "application/json"}} if body is not None else {}
        try:
            with self._pool.stream(method, address, content=body, extensions={"timeout": TIMEOUT}, **asked) as response:
                _check_status(response.status, address)
                return _read(response)
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise ApiFailed(messages.NO_API(error=str(error) or type(error).__name__)) from error


def check_host(address: str) -> None:
    """Raise ApiFailed for an address that the settings do not allow."""
    parts = urlsplit(address)
    schemes = ("https", "http") if settings.PRIVATE_SCORERS else ("https",)
    if parts.hostname not in settings.REMOTE_HOSTS or parts.scheme not in schemes:
        raise ApiFailed(messages.HOST_NOT_ALLOWED(host=parts.hostname))


def _checked_address(host: str, port: int) -> str:
    try:
        return look_up(host, port, allow_private=settings.PRIVATE_SCORERS)
    except UnknownHost as error:
        raise ApiFailed(messages.NO_API(error=error)) from error
    except PrivateHost as error:
        raise ApiFailed(messages.HOST_PRIVATE(host=error)) from error


def _check_status(status: int, address: str) -> None:
    if status in (401, 403):
        raise ApiFailed(messages.NO_ACCESS(status=status))
    if status in (404, 410):
        raise Gone(messages.NOT_THERE(address=address, status=status))
    if status != 200:
        raise ApiFailed(messages.API_BUSY(status=status))


def _read(response: httpcore.Response) -> bytes:
    parts, size = [], 0
    for part in response.iter_stream():
        size += len(part)
        if size > MOST_BYTES:
            raise ApiFailed(messages.BAD_REPLY(problem=messages.TOO_LONG(most=size_in_words(MOST_BYTES))))
        parts.append(part)
    return b"".join(parts)
