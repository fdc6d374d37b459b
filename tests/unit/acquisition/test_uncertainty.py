"""Entropy and margin of probabilities, and the disagreement of an ensemble."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.acquisition.uncertainty import bald, entropy, margin

shares = st.floats(0, 1, allow_subnormal=False)


@given(arrays(float, st.integers(1, 40), elements=shares))
def test_entropy_is_a_share_and_symmetric(p):
    e = entropy(p)
    assert ((e >= 0) & (e <= 1)).all()
    assert np.allclose(e, entropy(1 - p))


def test_entropy_of_known_rows():
    assert entropy(np.array([[1, 0, 0], [1 / 3] * 3, [0.5, 0.5, 0]])) == pytest.approx([0, 1, np.log(2) / np.log(3)])


@given(arrays(float, st.integers(1, 40), elements=st.floats(0.001, 0.999)))
def test_of_two_classes_the_margin_ranks_as_entropy_does(p):
    by_margin, by_entropy = (np.argsort(rank(p.round(3)).round(9), kind="stable") for rank in (margin, entropy))
    assert (by_margin == by_entropy).all()


def test_the_unscored_are_unknown():
    unscored = np.array([[np.nan, np.nan]])
    assert entropy(unscored) == margin(unscored) == bald(unscored[None].repeat(3, axis=0)) == [1]


def test_bald_asks_where_members_disagree_and_not_where_all_are_unsure():
    agree, unsure, disagree = [[0.9, 0.1]] * 2, [[0.5, 0.5]] * 2, [[0.95, 0.05], [0.05, 0.95]]
    members = np.array([agree, unsure, disagree]).swapaxes(0, 1)
    found = bald(members)
    assert found[:2] == pytest.approx([0, 0], abs=1e-12)
    assert found[2] == pytest.approx(1 - entropy(np.array([0.05]))[0])
