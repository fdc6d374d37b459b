"""A pool of threads knows how long all of its threads have been busy without an end to anything."""

import time
from threading import Event
from types import SimpleNamespace

from webapp.front import threads as front_threads
from webapp.front.threads import Threads


def wait_until(holds):
    """Wait for a thread, which says that a request has ended a moment after its result is there."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_threads_are_stuck_while_all_are_busy_and_nothing_ends():
    first, second = Event(), Event()
    with Threads(2) as threads:
        assert threads.stuck_seconds() == 0
        one = threads.submit(first.wait, 30)
        assert threads.stuck_seconds() == 0, "one thread is free"
        threads.submit(second.wait, 30)
        waiting = threads.submit(int)
        time.sleep(0.05)
        assert threads.stuck_seconds() >= 0.05
        first.set()
        wait_until(lambda: threads.stuck_seconds() == 0)
        assert one.done()
        assert waiting.done()
        second.set()


def test_a_request_that_is_given_up_before_it_began_is_no_progress():
    held = Event()
    with Threads(1) as threads:
        threads.submit(held.wait, 30)
        time.sleep(0.05)
        assert threads.submit(int).cancel()
        assert threads.stuck_seconds() >= 0.05
        held.set()


def test_threads_that_end_one_request_after_another_are_not_stuck_however_many_wait(monkeypatch):
    clock = SimpleNamespace(now=1000.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(front_threads, "time", clock)
    with Threads(1) as threads:
        ends = [Event() for _ in range(20)]
        for end in ends:
            threads.submit(end.wait, 30)
        for end in ends[:-1]:
            clock.now += 5
            assert threads.stuck_seconds() == 5
            end.set()
            wait_until(lambda: threads.stuck_seconds() == 0)
        ends[-1].set()
