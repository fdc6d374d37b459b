"""Streamed replies to clients that read slowly, fast enough, or wait for the site itself."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

import pytest

from webapp.front import reply

PART = b"x" * reply.PART


class Clock:
    """Time that passes when it is told to, whatever else keeps the machine busy."""

    now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(reply, "time", clock)
    return clock


def streamed(parts, take, streams=None):
    """Stream to a client that does `take()` for each message; return the bytes that it got."""
    got = []

    async def send(message):
        await take()
        got.append(message.get("body", b""))

    async def make():
        loop = asyncio.get_running_loop()
        answer = reply.Reply(loop, asyncio.Event().wait, send, streams or BoundedSemaphore(1))
        await loop.run_in_executor(None, answer.make, site(parts), {})

    def site(parts):
        def answered(environ, start_response):
            start_response("200 OK", [])
            return parts

        return answered

    # In a thread of its own, since tests of pages leave the event loop of their browser in this one.
    with ThreadPoolExecutor(1) as loop:
        loop.submit(lambda: asyncio.run(make())).result()
    return b"".join(got)


def takes(clock, seconds):
    """Return what a client does that takes so long for each message."""

    async def take():
        clock.now += seconds

    return take


def test_a_client_that_reads_too_slowly_on_average_is_given_up_and_the_next_one_is_served(clock):
    streams = BoundedSemaphore(1)
    with pytest.raises(ConnectionAbortedError, match="too slowly"):
        streamed([PART] * 30, takes(clock, 2 * reply.PART / reply.RATE), streams)
    assert streamed([PART] * 3, takes(clock, 0), streams) == PART * 3


def test_a_client_that_stops_reading_is_given_up_and_the_next_one_is_served(clock, monkeypatch):
    streams = BoundedSemaphore(1)
    with monkeypatch.context() as patch:
        patch.setattr(reply, "PATIENCE", 0.2)
        with pytest.raises(ConnectionAbortedError, match="too slowly"):
            streamed([PART] * 3, asyncio.Event().wait, streams)
    assert streamed([PART] * 3, takes(clock, 0), streams) == PART * 3


def test_a_client_that_reads_fast_enough_gets_everything(clock):
    pause = 0.9 * reply.PART / reply.RATE
    assert 60 * pause > 3 * reply.PATIENCE
    assert streamed([PART] * 60, takes(clock, pause)) == PART * 60


def test_the_time_that_the_site_itself_takes_is_not_the_client_s(clock):
    def rows():
        for _ in range(3):
            clock.now += 2 * reply.PATIENCE
            yield PART

    assert streamed(rows(), takes(clock, 0)) == PART * 3
