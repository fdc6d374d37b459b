"""Drift of scores between two samples."""

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from ml.evaluation.metrics.drift import SHIFTED, chance_of_as_much, stability_index

REFERENCE = np.array([800, 100, 50, 50])


def test_the_chance_is_that_of_pearsons_test():
    counts = np.array([60, 20, 12, 8])
    expected = chi2_contingency([REFERENCE, counts], correction=False).pvalue
    assert chance_of_as_much(REFERENCE, counts) == pytest.approx(expected)
    assert chance_of_as_much(np.append(REFERENCE, 0), np.append(counts, 0)) == pytest.approx(expected)


def test_the_same_distribution_has_not_shifted_and_another_has():
    assert stability_index(REFERENCE, REFERENCE * 3) < 0.01
    assert chance_of_as_much(REFERENCE, REFERENCE // 10) == 1
    assert stability_index(REFERENCE, REFERENCE[::-1]) > SHIFTED
    assert chance_of_as_much(REFERENCE, REFERENCE[::-1]) < 1e-9


def test_without_a_sample_nothing_is_unlikely():
    assert chance_of_as_much(REFERENCE, REFERENCE * 0) == 1
    assert np.isfinite(stability_index(REFERENCE, REFERENCE * 0))
