"""Connections to addresses that people name: only to public ones, so that none leads into this network, and bounded.

A time limit for each read alone would let a server go on for ever that sends a byte now and then.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore

NAT64 = ipaddress.ip_network("64:ff9b::/96")


class UnknownHost(ValueError):
    """No name server knows the host."""


class PrivateHost(ValueError):
    """The host has an address that is not public."""


def look_up(host: str, port: int, *, allow_private: bool) -> str:
    """Return the IP address of a host to connect to.

    Raises
    ------
    UnknownHost
        It may be known later.
    PrivateHost
        Any of its addresses is not a public one, unless `allow_private`.
    """
    try:
        found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        raise UnknownHost(host) from None
    if not allow_private and not all(map(is_public, found)):
        raise PrivateHost(host)
    return found[0]


def is_public(address: str) -> bool:
    """Return whether an IP address is a public one, and none that leads to an IPv4 address inside it."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and (ip.ipv4_mapped or ip.sixtofour or ip.teredo or ip in NAT64):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or getattr(ip, "is_site_local", False))


def looks_private(host: str) -> bool:
    """Return whether a host shows, without a look-up, that it is not a public one: localhost, or an IP address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not is_public(host)
    except ValueError:
        return False


class TooSlow(httpcore.ReadTimeout):
    """The answer was not whole in time, although something came now and then."""


class BoundedStream(httpcore.NetworkStream):
    """A connection on which a request and its answer take no longer than `longest` seconds in all."""

    PIECE = 2**16

    def __init__(self, stream: httpcore.NetworkStream, longest: float) -> None:
        self._stream, self._longest = stream, longest
        self._began, self._has_read = time.monotonic(), True

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._has_read = True
        with self._in_time():
            return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write in pieces: a server that takes a byte now and then would make one long write endless."""
        if self._has_read:
            self._began, self._has_read = time.monotonic(), False
        with self._in_time():
            for start in range(0, len(buffer), self.PIECE):
                self._stream.write(buffer[start : start + self.PIECE], self._left(timeout))

    def _left(self, timeout: float | None) -> float:
        left = self._began + self._longest - time.monotonic()
        if left <= 0:
            raise TooSlow(f"no whole answer in {self._longest:.0f} s")
        return left if timeout is None else min(timeout, left)

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        """Raise TooSlow where all the time is over, and not only that of one read or write."""
        try:
            yield
        except httpcore.TimeoutException:
            self._left(None)
            raise

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return BoundedStream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._longest)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class CheckedBackend(httpcore.SyncBackend):
    """Connects to the address that was checked, so that a second look-up cannot name another one.

    Parameters
    ----------
    check
        Returns the IP address for a host and port, or raises.
    longest
        Seconds from the first byte of a request to the last one of its answer.
    """

    def __init__(self, check: Callable[[str, int], str], longest: float) -> None:
        self._check, self._longest = check, longest

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        address = self._check(host, port)
        return BoundedStream(super().connect_tcp(address, port, timeout, local_address, socket_options), self._longest)
