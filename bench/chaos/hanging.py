"""Servers that hang: their machine takes connections and acknowledges packets, but nobody gets an answer."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from bench.chaos.site import Site

HANG_SECONDS = 20.0
PROMOTED_AFTER = 3.0  # seconds: whoever watches the servers needs some to notice


def with_children(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


@contextmanager
def hanging(pid: int) -> Iterator[list[psutil.Process]]:
    """Stop a server with all that it has started, and let what is left of it go on at the end."""
    stopped = with_children(psutil.Process(pid))
    for each in stopped:
        each.suspend()
    try:
        yield stopped
    finally:
        for each in stopped:
            with suppress(psutil.NoSuchProcess):
                each.resume()


def hang_broker(site: "Site") -> None:
    with hanging(site.broker.pid):
        time.sleep(HANG_SECONDS)


def hang_storage(site: "Site") -> None:
    if site.bucket is None:
        raise ValueError("This fault needs a bucket.")
    with hanging(site.bucket.pid):
        time.sleep(HANG_SECONDS)


def hang_primary(site: "Site") -> None:
    with hanging(site.servers.primary.pid):
        time.sleep(HANG_SECONDS)


def replace_hanging_primary(site: "Site") -> None:
    """Let the primary hang for good; its replica is promoted."""
    pair = site.servers
    pair.attach_replica()
    with hanging(pair.primary.pid) as stopped:
        time.sleep(PROMOTED_AFTER)
        pair.promote()
        time.sleep(HANG_SECONDS)
        for each in stopped:
            each.kill()  # it must not come back as a second primary


def hang_database(site: "Site") -> None:
    """Stop the embedded database, its connections' processes and all, for good."""
    site.suspended = with_children(site.process("database"))
    for each in site.suspended:
        each.suspend()
