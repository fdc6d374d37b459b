"""The next item is prepared while the current one is used."""

import threading

import pytest

from ml.data.tensors import prefetch


def test_a_series_comes_whole_and_in_order():
    assert list(prefetch(iter(range(50)))) == list(range(50))
    assert list(prefetch(iter([]))) == []


def test_none_is_an_item_like_any_other():
    assert list(prefetch(iter([None, 0, None]))) == [None, 0, None]


def test_the_next_is_made_before_it_is_asked_for_and_no_more():
    made, reached = [], threading.Event()

    def series():
        for number in range(9):
            made.append(number)
            if number == 1:
                reached.set()
            yield number

    coming = prefetch(series())
    assert next(coming) == 0
    assert reached.wait(10)
    coming.close()
    assert made == [0, 1]


def test_what_a_series_raises_is_raised_at_its_place():
    def series():
        yield 1
        raise OSError("the disk is gone")

    coming = prefetch(series())
    assert next(coming) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(coming)
