"""Slow counts are computed rarely, and by one thread at a time."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from django.core.cache import cache

from webapp.core.cached_figures import cached_figure


class Clock:
    """Time that passes when it is told to."""

    now = 1000.0

    def time(self):
        return self.now

    monotonic = time


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    cache.clear()
    clock = Clock()
    monkeypatch.setattr("webapp.core.cached_figures.time", clock)
    return clock


def test_a_figure_is_counted_again_when_it_is_old(clock):
    numbers = count()
    assert [cached_figure("n", lambda: next(numbers), fresh_for=10) for _ in range(3)] == [0, 0, 0]
    clock.now += 11
    assert [cached_figure("n", lambda: next(numbers), fresh_for=10) for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize(("seconds", "patience"), [(2, 50), (0.1, 1000)])
def test_what_takes_long_is_kept_longer_and_longer_still_where_a_volunteer_waits(clock, seconds, patience):
    numbers = count()

    def slow():
        clock.now += seconds
        return next(numbers)

    def figure():
        return cached_figure("n", slow, fresh_for=10, patience=patience)

    figure()
    clock.now += 99
    assert figure() == 0
    clock.now += 2
    assert figure() == 1


def test_while_one_counts_the_others_are_told_the_older_figure(clock):
    cached_figure("n", lambda: "old", fresh_for=10)
    clock.now += 11
    begun, counted = threading.Event(), threading.Event()

    def slow():
        begun.set()
        assert counted.wait(60)
        return "new"

    with ThreadPoolExecutor(1) as other:
        counting = other.submit(cached_figure, "n", slow, 10)
        assert begun.wait(60)
        assert cached_figure("n", slow, fresh_for=10) == "old"
        counted.set()
        assert counting.result() == "new"
    assert cached_figure("n", slow, fresh_for=10) == "new"


def test_a_count_that_fails_keeps_nobody_from_counting(clock):
    cached_figure("n", lambda: "old", fresh_for=10)
    clock.now += 11
    with pytest.raises(ZeroDivisionError):
        cached_figure("n", lambda: 1 / 0, fresh_for=10)
    assert cached_figure("n", lambda: "new", fresh_for=10) == "new"
