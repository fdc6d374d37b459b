"""Entropy of probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.acquisition.entropy import entropy

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
