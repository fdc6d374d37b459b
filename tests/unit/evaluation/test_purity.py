"""Purity on a sky with rare movers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.evaluation.metrics.intervals import class_intervals
from ml.evaluation.metrics.operating import (
    astronomical_purity,
    precision_at_completeness,
    purity_at_completeness,
    surest_purity,
)
from ml.evaluation.metrics.ranking import rank

rates = st.floats(0.001, 1)


def test_the_papers_formula_by_hand():
    assert astronomical_purity(0.6, 0.0, 1e-4) == 1
    assert astronomical_purity(0.9, 0.001, 1e-4) == pytest.approx(9e-5 / (9e-5 + 0.001 * 0.9999))
    assert np.isnan(astronomical_purity(0.0, 0.0, 0.5))


@given(rates, rates)
def test_at_half_it_is_the_precision_of_a_balanced_set(tpr, fpr):
    assert astronomical_purity(tpr, fpr, 0.5) == pytest.approx(tpr / (tpr + fpr))


@given(rates, rates, st.floats(1e-5, 0.4))
def test_a_mover_more_common_is_a_catalogue_more_pure(tpr, fpr, abundance):
    assert astronomical_purity(tpr, fpr, abundance) <= astronomical_purity(tpr, fpr, 2 * abundance)


def test_at_the_abundance_of_the_data_it_is_their_precision():
    random = np.random.default_rng(2)
    truth = random.random(500) < 0.2
    ranking = rank(truth, truth + random.normal(0, 0.7, 500))
    purity = purity_at_completeness(ranking, np.array([0.5, 0.9]), truth.mean())
    assert purity[0] == pytest.approx([precision_at_completeness(ranking, c)[0] for c in (0.5, 0.9)])


def test_a_small_test_set_cannot_support_purity_on_a_rare_sky():
    """No false positive among 100 bogus subjects: the measured purity is 1, the supported one is less than 1 %."""
    ranking = rank(np.arange(200) < 100, np.linspace(1, 0, 200))
    assert purity_at_completeness(ranking, np.array([0.9]), 1e-4)[0, 0] == 1
    assert surest_purity(ranking, np.array([0.9]), 1e-4)[0, 0] < 0.01


def test_the_quoted_interval_does_not_claim_more_than_is_supported():
    """Bootstrap samples of a test set without false positives have none either; the interval accounts for that."""
    real = np.arange(200) < 100
    p_real = np.linspace(1, 0, 200)
    truth, p = (~real).astype(int), np.stack([p_real, 1 - p_real], axis=1)
    spans = class_intervals(truth, p, real, p_real, np.arange(200), draws=50)
    low, high = spans["purity_0.0001_at_0.5"]
    assert low < 0.01
    assert high == 1


@pytest.mark.parametrize("abundance", [0, 1, -0.1, 2])
def test_an_abundance_is_a_fraction(abundance):
    with pytest.raises(ValueError, match="between 0 and 1"):
        astronomical_purity(0.5, 0.1, abundance)
