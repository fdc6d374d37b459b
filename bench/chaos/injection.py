"""When a fault may come: one of the listener only while packets arrive, since one with nothing to do loses nothing."""

import time
from typing import Protocol

SECONDS = 60.0
WAITING = 600
"""Packets that wait at the brokers when the fault comes: more than a listener stores between a look and the fault."""
LISTENER = "listener"


class Stream(Protocol):
    """What is known of the packets of a stream."""

    def send(self, count: int) -> None:
        """Send more packets to the brokers."""
        ...

    def stored(self) -> int:
        """Return how many have been read and stored, ever."""
        ...

    def unread(self) -> int:
        """Return how many wait at the brokers."""
        ...


def is_ready(name: str, stream: Stream, seconds: float = SECONDS) -> bool:
    """Return whether a fault may come; for one of the listener, send packets until some are stored and others wait."""
    if LISTENER not in name:
        return True
    before, deadline = stream.stored(), time.monotonic() + seconds
    while time.monotonic() < deadline:
        if stream.unread() < WAITING:
            stream.send(WAITING)
        if stream.stored() > before and stream.unread() >= WAITING:
            return True
        time.sleep(0.02)
    return False


def was_amid_stream(name: str, stream: Stream) -> bool:
    """Return whether packets wait just after a fault of the listener; of others nothing is asked."""
    return LISTENER not in name or stream.unread() > 0
