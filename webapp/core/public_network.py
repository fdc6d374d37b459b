"""Connections to addresses that people name: only to public ones, so that none leads into this network."""

import ipaddress
import socket
from collections.abc import Callable, Iterable
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
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def looks_private(host: str) -> bool:
    """Return whether a host shows, without a look-up, that it is not a public one: localhost, or an IP address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not is_public(host)
    except ValueError:
        return False


class CheckedBackend(httpcore.SyncBackend):
    """Connects to the address that was checked, so that a second look-up cannot name another one.

    Parameters
    ----------
    check
        Returns the IP address for a host and port, or raises.
    """

    def __init__(self, check: Callable[[str, int], str]) -> None:
        self._check = check

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return super().connect_tcp(self._check(host, port), port, timeout, local_address, socket_options)
