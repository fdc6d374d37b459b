"""Bodies that arrive slowly, endlessly, in pieces, or not at all."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from types import SimpleNamespace

import pytest

from webapp.front import body
from webapp.front.body import IN_MEMORY, Gone, Terms, TooLarge, TooSlow, read_body

TERMS = Terms(largest=1000, seconds=60)
IMPATIENT = Terms(largest=1000, seconds=60, first_seconds=0.2, rate=1000)


class Client:
    """Sends parts, each after a pause; continues or ends as told."""

    def __init__(self, *parts, pause=0.0, then="end"):
        self.parts, self.pause, self.then = list(parts), pause, then

    async def __call__(self):
        await asyncio.sleep(self.pause)
        if not self.parts:
            return {"type": "http.disconnect"}
        part = self.parts.pop(0)
        more = bool(self.parts) or self.then != "end"
        return {"type": "http.request", "body": part, "more_body": more}


def read(client, terms=TERMS, announced=0):
    # In a thread of its own, since tests of pages leave the event loop of their browser in this one.
    with ThreadPoolExecutor(1) as loop:
        file, size = loop.submit(lambda: asyncio.run(read_body(client, terms, announced))).result()
    with file:
        said = file.read()
    assert len(said) == size
    return said


def test_a_body_in_pieces_is_whole():
    assert read(Client(b"user", b"", b"name=ann")) == b"username=ann"
    assert read(Client(b"")) == b""


def test_a_large_body_lies_on_disk():
    whole = b"x" * (3 * IN_MEMORY)
    assert read(Client(whole, whole), Terms(largest=10**7, seconds=9)) == 2 * whole


def test_a_body_that_drips_is_given_up():
    with pytest.raises(TooSlow):
        read(Client(*[b"x"] * 100, pause=0.05), IMPATIENT)


def test_a_body_that_never_comes_is_given_up():
    with pytest.raises(TooSlow):
        read(Client(b"x", pause=60), IMPATIENT)


def test_a_body_that_comes_fast_enough_is_read_on(monkeypatch):
    times = count(step=0.9)  # seconds: the parts come in time, whatever else keeps the machine busy
    monkeypatch.setattr(body, "time", SimpleNamespace(monotonic=lambda: next(times)))
    assert len(read(Client(*[b"x" * 100] * 40), Terms(largest=4000, seconds=60, first_seconds=5, rate=100))) == 4000


def test_no_body_takes_longer_than_it_may():
    with pytest.raises(TooSlow):
        read(Client(*[b"x" * 900] * 100, pause=0.02), Terms(largest=10**9, seconds=0.3, first_seconds=60))


@pytest.mark.parametrize(("parts", "announced"), [([b"x" * 300] * 4, 0), ([b"x"], 1001), ([b"x"] * 3, 10**18)])
def test_a_body_that_is_too_large_is_read_and_dropped(parts, announced):
    client = Client(*parts)
    with pytest.raises(TooLarge):
        read(client, announced=announced)
    assert client.parts == []


def test_a_client_that_goes_away_ends_it():
    with pytest.raises(Gone):
        read(Client(b"x", then="go"))
