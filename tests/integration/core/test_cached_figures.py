"""Slow counts are computed rarely, and by one thread at a time."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from django.core.cache import cache

from webapp.core.cached_figures import cached_figure


@pytest.fixture(autouse=True)
def fresh():
    cache.clear()


def test_a_figure_is_counted_again_when_it_is_old():
    numbers = count()
    assert [cached_figure("n", lambda: next(numbers), fresh_for=0.2) for _ in range(3)] == [0, 0, 0]
    time.sleep(0.25)
    assert [cached_figure("n", lambda: next(numbers), fresh_for=0.2) for _ in range(3)] == [1, 1, 1]


def test_what_takes_long_is_kept_longer():
    numbers = count()

    def slow():
        time.sleep(0.02)
        return next(numbers)

    cached_figure("n", slow, fresh_for=0.01)
    time.sleep(0.1)
    assert cached_figure("n", slow, fresh_for=0.01) == 0


def test_while_one_counts_the_others_are_told_the_older_figure():
    cached_figure("n", lambda: "old", fresh_for=0.1)
    time.sleep(0.15)

    def slow():
        time.sleep(0.5)
        return "new"

    with ThreadPoolExecutor(1) as other:
        counting = other.submit(cached_figure, "n", slow, 0.1)
        time.sleep(0.1)
        assert cached_figure("n", slow, fresh_for=0.1) == "old"
        assert counting.result() == "new"
    assert cached_figure("n", slow, fresh_for=0.1) == "new"


def test_a_count_that_fails_keeps_nobody_from_counting():
    cached_figure("n", lambda: "old", fresh_for=0.01)
    time.sleep(0.05)
    with pytest.raises(ZeroDivisionError):
        cached_figure("n", lambda: 1 / 0, fresh_for=0.01)
    assert cached_figure("n", lambda: "new", fresh_for=0.01) == "new"
