"""A pool of threads knows how long all of its threads have been busy without an end to anything."""

import time
from threading import Event

from webapp.front.threads import Threads


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
        waiting.result(30)
        one.result(30)
        assert threads.stuck_seconds() == 0
        second.set()


def test_a_request_that_is_given_up_before_it_began_is_no_progress():
    held = Event()
    with Threads(1) as threads:
        threads.submit(held.wait, 30)
        time.sleep(0.05)
        assert threads.submit(int).cancel()
        assert threads.stuck_seconds() >= 0.05
        held.set()


def test_threads_that_end_one_request_after_another_are_not_stuck_however_many_wait():
    with Threads(1) as threads:
        for _ in range(20):
            threads.submit(time.sleep, 0.02)
        time.sleep(0.2)
        assert threads.stuck_seconds() < 0.15
