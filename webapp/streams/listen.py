"""Listen to a topic: read messages, store what they hold, then tell the brokers, until told to stop."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Protocol

from django.conf import settings
from django.utils import timezone

from ml.storage.pixel_store import PixelStore
from webapp.archive.ingest.pixel_writer import PixelWriter
from webapp.core.dispatch import send
from webapp.core.sql import execute, fetch, through_restarts
from webapp.streams.models import Stream
from webapp.streams.read_messages import Reader, Reading, Received
from webapp.streams.store import store

log = logging.getLogger(__name__)

MOST = 1024
"""Messages of a batch; a slow disk slows the stream, since only one batch is read ahead."""
BEAT = 5.0
"""Seconds between reports; after each, the worker is asked to score what is new, without waiting for its next round."""
SCORE = "tasks.retrain.arrivals"
PATIENCE = 10.0
"""Seconds to wait for another listener's end."""
NAMESPACE = 6041802  # of the advisory locks of streams
LOCK = "SELECT pg_try_advisory_lock(%s, %s)"
UNLOCK = "SELECT pg_advisory_unlock_all()"


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


class AlreadyListening(Exception):
    """Another process listens to the stream; two would read everything twice."""


def listen(stream: Stream, topic: Topic, reader: Reader, is_over: Callable[[], bool]) -> None:
    """Store the topic's alerts until `is_over`; trouble at the brokers is recorded, and outlasted.

    A thread decodes a batch while the one before it is stored.

    Raises
    ------
    AlreadyListening
        At the beginning, or when another listener was faster after a restart of the database.
    """
    _wait_for_lock(stream)
    try:
        _listen(stream, topic, reader, is_over)
    finally:
        execute(UNLOCK, [])


def _listen(stream: Stream, topic: Topic, reader: Reader, is_over: Callable[[], bool]) -> None:
    writer = PixelWriter(PixelStore(settings.PIXELS), stream.survey)
    begun, count, added = time.monotonic(), 0, 0
    ahead: tuple[list[Received], Future[list[Reading]]] | None = None
    _report(stream, topic, None)
    with ThreadPoolExecutor(1, "decoder") as decoder:
        while ahead or not is_over():
            messages = [] if is_over() else topic.take(MOST)
            coming = (messages, decoder.submit(reader.read, messages)) if messages else None
            if ahead:
                taken, readings = ahead
                added += through_restarts(partial(store, stream, readings.result(), writer))
                topic.commit(taken)
                count += len(taken)
            ahead = coming
            passed = time.monotonic() - begun
            if passed >= BEAT:
                _report(stream, topic, count / passed)
                if added:
                    send(SCORE)
                begun, count, added = time.monotonic(), 0, 0
    if added:
        send(SCORE)
    _report(stream, topic, None, is_over=True)


def _wait_for_lock(stream: Stream) -> None:
    """Give the database time to notice that a killed listener is gone."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            through_restarts(partial(_lock, stream))
        except AlreadyListening:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return


def _lock(stream: Stream) -> None:
    """Hold the stream's lock, which the database releases when this process ends, however it does."""
    if not fetch(LOCK, [NAMESPACE, stream.pk])[0][0]:
        raise AlreadyListening


def _report(stream: Stream, topic: Topic, rate: float | None, *, is_over: bool = False) -> None:
    """Record how it is; a listener that dies leaves `should_listen`, which one that is told to stop takes back."""
    through_restarts(partial(_lock, stream))
    trouble = topic.trouble()
    if trouble and trouble != stream.trouble:
        log.warning("%s: %s", stream.topic, trouble)
    stream.trouble = trouble
    now = {"lag": topic.lag(), "trouble": trouble, "rate": rate, "heard_at": timezone.now()}
    now["should_listen"] = not is_over
    through_restarts(partial(Stream.objects.filter(pk=stream.pk).update, **now))
