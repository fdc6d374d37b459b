"""Download files over HTTPS: from allowed hosts at public addresses, bounded in size and time, resumed by range."""

import ssl
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpcore

from ml.io.limits import size_in_words
from ml.io.message import Message
from webapp.core.public_network import CheckedBackend, PrivateHost, UnknownHost, look_up

TIMEOUT = {"connect": 10.0, "write": 30.0, "read": 60.0, "pool": 10.0}
LONGEST = 1800.0
"""Seconds that one try may take."""
TRIES = 4
PAUSE = 2.0
"""Seconds before the second try; before each later one twice as long."""
MOST_REDIRECTS = 3

_REDIRECTS = (301, 302, 303, 307, 308)
_WHOLE, _PART, _NOT_THAT_PART = 200, 206, 416
_LATER = (429, 500, 502, 503, 504)


class DownloadRefused(ValueError):
    """The file cannot be had, however often it is asked for; a `Message` says why."""


class ServerDown(Exception):
    """The server gave no usable answer to several tries; others of its files would fail too."""


class _TryAgain(Exception):
    pass


class Downloader:
    """Keeps connections to a few hosts.

    Parameters
    ----------
    hosts
        The only ones that are asked, also after a redirect.
    allow_private
        Allow addresses of this network, and http://.
    """

    def __init__(self, hosts: Collection[str], *, allow_private: bool) -> None:
        self._hosts, self._allow_private = hosts, allow_private
        backend = CheckedBackend(lambda host, port: look_up(host, port, allow_private=allow_private), LONGEST)
        self._pool = httpcore.ConnectionPool(ssl_context=ssl.create_default_context(), network_backend=backend)

    def download(self, address: str, path: Path, most: int) -> None:
        """Write at most `most` bytes from an address to a file, which appears when it is whole.

        Raises
        ------
        DownloadRefused
            The address, or one that it redirects to, is not allowed or private; the file is not there or too large.
        ServerDown
            See there.
        """
        part = path.with_name(f"{path.name}.partial")
        part.unlink(missing_ok=True)
        version, problem = b"", ""
        for number in range(TRIES):
            if number:
                time.sleep(PAUSE * 2 ** (number - 1))
            try:
                with self._opened(address, part, version) as response:
                    version = _header(response, b"etag")
                    _append(response, part, most)
                part.replace(path)
                return
            except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, UnknownHost) as error:
                problem = f"{type(error).__name__} {error}".strip()
            except _TryAgain as busy:
                problem = str(busy)
            except PrivateHost as private:
                raise DownloadRefused(Message("its host %(host)s has a private address", host=private)) from private
        raise ServerDown(problem)

    @contextmanager
    def _opened(self, address: str, part: Path, version: bytes) -> Iterator[httpcore.Response]:
        """Ask for what is missing of a file, where redirects lead."""
        headers = [("Accept-Encoding", "identity")]
        have = part.stat().st_size if part.exists() else 0
        if have and version.startswith(b'"'):  # a weak one may stand for other bytes
            headers += [("Range", f"bytes={have}-"), ("If-Range", version.decode("latin-1"))]
        for _ in range(MOST_REDIRECTS + 1):
            self._check(address)
            extensions = {"timeout": TIMEOUT}
            with self._pool.stream("GET", address, headers=headers, extensions=extensions) as response:
                if response.status not in _REDIRECTS:
                    _check_answer(response, have, part)
                    yield response
                    return
                address = urljoin(address, _header(response, b"location").decode("latin-1"))
        raise DownloadRefused(Message("it redirects too often"))

    def _check(self, address: str) -> None:
        parts = urlsplit(address)
        schemes = ("https", "http") if self._allow_private else ("https",)
        if parts.hostname not in self._hosts or parts.scheme not in schemes:
            root = f"{parts.scheme}://{parts.hostname}"
            raise DownloadRefused(Message("%(root)s is not among the archives that are allowed", root=root))


def _header(response: httpcore.Response, name: bytes) -> bytes:
    return next((value for key, value in response.headers if key.lower() == name), b"")


def _check_answer(response: httpcore.Response, have: int, part: Path) -> None:
    begins = _header(response, b"content-range")
    if response.status in _LATER:
        raise _TryAgain(f"status {response.status}")
    if response.status == _NOT_THAT_PART or (response.status == _PART and not begins.startswith(b"bytes %d-" % have)):
        part.unlink(missing_ok=True)
        raise _TryAgain("the file has changed")
    if response.status not in (_WHOLE, _PART):
        raise DownloadRefused(Message("the server answers with status %(status)s", status=response.status))


def _append(response: httpcore.Response, part: Path, most: int) -> None:
    with part.open("ab" if response.status == _PART else "wb") as file:
        size = file.tell()
        for piece in response.iter_stream():
            size += len(piece)
            if size > most:
                raise DownloadRefused(Message("it is larger than %(most)s", most=size_in_words(most)))
            file.write(piece)
