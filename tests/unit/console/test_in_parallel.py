"""The surveys of a demonstration run in parallel, and don't keep whoever stops it waiting."""

import subprocess
import sys
import time

import pytest

from webapp.console.demo.runner import in_parallel


def test_results_come_in_the_order_of_the_surveys():
    assert in_parallel(lambda seconds, name: (time.sleep(seconds), name)[1], [0.1, 0], ["first", "second"]) == [
        "first",
        "second",
    ]


def test_the_first_error_is_raised():
    with pytest.raises(ZeroDivisionError):
        in_parallel(lambda number: 1 / number, [0, 1])


STOPPED = """
import signal, time
import django
django.setup()
from webapp.console.demo.runner import in_parallel
from webapp.console.site import Ended

def stop(*_):
    raise Ended

signal.signal(signal.SIGALRM, stop)
signal.setitimer(signal.ITIMER_REAL, 0.2)
try:
    in_parallel(lambda _: time.sleep(60), [1, 2])
except Ended:
    print("ended")
"""


def test_a_signal_does_not_wait_for_the_surveys():
    ended = subprocess.run([sys.executable, "-c", STOPPED], capture_output=True, text=True, timeout=50, check=True)
    assert ended.stdout == "ended\n"
