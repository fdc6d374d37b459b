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


@pytest.mark.parametrize("subjects", [20, 50])
def test_a_quiet_night_of_few_subjects_is_seldom_unlikely(subjects):
    """By χ², 2 to 5 % of such nights had a chance below 0.0003."""
    rng, shares = np.random.default_rng(0), np.array([834, 105, 10, 0.7, 0.1, 0.1, 0.6, 5.5, 44.1]) / 1000.1
    chances = [chance_of_as_much(rng.multinomial(5000, shares), rng.multinomial(subjects, shares)) for _ in range(400)]
    assert np.mean(np.array(chances) < 0.01) <= 0.02
    assert np.mean(np.array(chances) < 0.1) == pytest.approx(0.1, abs=0.04)
    assert chance_of_as_much(rng.multinomial(5000, shares), rng.multinomial(subjects, shares[::-1])) < 0.0003


def test_the_same_distribution_has_not_shifted_and_another_has():
    assert stability_index(REFERENCE, REFERENCE * 3) < 0.01
    assert chance_of_as_much(REFERENCE, REFERENCE // 10) == 1
    assert stability_index(REFERENCE, REFERENCE[::-1]) > SHIFTED
    assert chance_of_as_much(REFERENCE, REFERENCE[::-1]) < 1e-9


def test_without_a_sample_nothing_is_unlikely():
    assert chance_of_as_much(REFERENCE, REFERENCE * 0) == 1
    assert np.isfinite(stability_index(REFERENCE, REFERENCE * 0))
