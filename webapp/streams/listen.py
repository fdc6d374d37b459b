"""Listen to a topic: read messages, store what they hold, then tell the brokers, until told to stop."""

import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

from django.conf import settings
from django.utils import timezone

from ml.storage.pixel_store import PixelStore
from webapp.archive.ingest.pixel_writer import Shelf
from webapp.core.sql import through_restarts
from webapp.streams.models import Stream
from webapp.streams.read_messages import Reader, Received
from webapp.streams.store import store

MOST = 256
"""Messages of a batch; the next are fetched only once it is stored, so a slow disk slows the stream, not the site."""
BEAT = 5.0  # seconds between reports


class Topic(Protocol):
    """A topic at its brokers."""

    def take(self, most: int) -> list[Received]:
        """Wait a moment for messages, and return them."""
        ...

    def commit(self, stored: list[Received]) -> None:
        """Tell the brokers that the messages are stored."""
        ...

    def lag(self) -> int | None:
        """Return how many messages wait at the brokers, as far as is known."""
        ...

    def trouble(self) -> str:
        """Return what the brokers complain about; empty for nothing."""
        ...


def listen(stream: Stream, topic: Topic, reader: Reader, is_over: Callable[[], bool]) -> None:
    """Store the topic's alerts until `is_over`; trouble at the brokers is recorded, and outlasted."""
    shelf = Shelf(PixelStore(settings.PIXELS), stream.survey)
    begun, count = time.monotonic(), 0
    _report(stream, topic, None)
    while not is_over():
        messages = topic.take(MOST)
        if messages:
            readings = list(reader.read(messages))
            through_restarts(partial(store, stream, readings, shelf))
            topic.commit(messages)
            count += len(messages)
        passed = time.monotonic() - begun
        if passed >= BEAT:
            _report(stream, topic, count / passed)
            begun, count = time.monotonic(), 0
    _report(stream, topic, None)


def _report(stream: Stream, topic: Topic, rate: float | None) -> None:
    now = {"lag": topic.lag(), "trouble": topic.trouble(), "rate": rate, "heard_at": timezone.now()}
    through_restarts(partial(Stream.objects.filter(pk=stream.pk).update, **now))
