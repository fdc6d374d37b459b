"""Priorities: bounded, ordered, and a fifth of them random at any depth."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.acquisition.uncertainty import entropy, percentile, value, with_random

shares = st.floats(0, 1, allow_subnormal=False)


@given(arrays(float, st.integers(1, 40), elements=shares))
def test_entropy_is_a_share_and_symmetric(p):
    e = entropy(p)
    assert ((e >= 0) & (e <= 1)).all()
    assert np.allclose(e, entropy(1 - p))


def test_entropy_of_known_rows():
    assert entropy(np.array([[1, 0, 0], [1 / 3] * 3, [0.5, 0.5, 0]])) == pytest.approx([0, 1, np.log(2) / np.log(3)])


def test_the_unscored_are_unknown():
    assert entropy(np.array([[np.nan, np.nan]])) == [1]


@given(shares, shares, shares)
def test_more_doubt_is_worth_more(model, crowd, more):
    low, high = value(np.array([model, model]), np.array([crowd, max(crowd, more)]))
    assert 0 < low <= high <= 1


def test_percentiles():
    assert percentile(np.array([5.0, np.nan, 1, 5, 2])) == pytest.approx(
        [250 / 3, np.nan, 0, 250 / 3, 100 / 3], nan_ok=True
    )
    assert percentile(np.array([7.0])) == [0]
    assert percentile(np.array([])).size == 0


def test_a_fifth_of_any_length_of_the_queue_is_random():
    priorities, drawn = with_random(np.random.default_rng(0).random(20_000), 0.2, seed=1)
    order = np.argsort(-priorities)
    for length in (500, 2000, 20_000):
        assert drawn[order[:length]].mean() == pytest.approx(0.2, abs=0.06)


def test_the_rest_keeps_its_order():
    values = np.random.default_rng(0).random(500)
    priorities, drawn = with_random(values, 0.2, seed=1)
    assert (np.argsort(priorities[~drawn]) == np.argsort(values[~drawn])).all()


def test_an_archive_of_100_000_takes_less_than_a_second():
    random = np.random.default_rng(0)
    p, crowd = random.dirichlet(np.ones(8), 100_000), random.random(100_000)
    started = time.process_time()
    with_random(value(entropy(p), entropy(crowd)))
    assert time.process_time() - started < 1
