"""The surveys of a demonstration run in parallel, and don't keep whoever stops it waiting."""

import signal
import threading
import time

import pytest

from webapp.console.demo.runner import in_parallel
from webapp.console.site import Ended


def test_results_come_in_the_order_of_the_surveys():
    assert in_parallel(lambda seconds, name: (time.sleep(seconds), name)[1], [0.1, 0], ["first", "second"]) == [
        "first",
        "second",
    ]


def test_the_first_error_is_raised():
    with pytest.raises(ZeroDivisionError):
        in_parallel(lambda number: 1 / number, [0, 1])


def test_a_signal_does_not_wait_for_the_surveys():
    over = threading.Event()

    def stop(*_):
        raise Ended

    before = signal.signal(signal.SIGALRM, stop)
    began = time.monotonic()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(Ended):
            in_parallel(lambda _: over.wait(30), [1, 2])
        assert time.monotonic() - began < 10
        left = [each for each in threading.enumerate() if each is not threading.main_thread() and "run" in each.name]
        assert left
        assert all(each.daemon for each in left)
    finally:
        over.set()
        signal.signal(signal.SIGALRM, before)
