"""Streamed replies to clients that read slowly, fast enough, or wait for the site itself."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

import pytest

from webapp.front import reply

PART = b"x" * reply.PART


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A client has a fifth of a second, then reads a part in a tenth of a second on average."""
    monkeypatch.setattr(reply, "PATIENCE", 0.2)
    monkeypatch.setattr(reply, "RATE", 10.0 * reply.PART)


def streamed(parts, pause, streams=None):
    """Stream to a client that takes `pause` seconds for each message; return the bytes that it got."""
    got = []

    async def send(message):
        await asyncio.sleep(pause)
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


def test_a_client_that_reads_too_slowly_on_average_is_given_up_and_the_next_one_is_served():
    streams = BoundedSemaphore(1)
    with pytest.raises(ConnectionAbortedError, match="too slowly"):
        streamed([PART] * 30, pause=0.15, streams=streams)
    assert streamed([PART] * 3, pause=0, streams=streams) == PART * 3


def test_a_client_that_reads_fast_enough_gets_everything():
    assert streamed([PART] * 30, pause=0.03) == PART * 30


def test_the_time_that_the_site_itself_takes_is_not_the_client_s():
    def rows():
        for _ in range(3):
            time.sleep(0.4)
            yield PART

    assert streamed(rows(), pause=0) == PART * 3
