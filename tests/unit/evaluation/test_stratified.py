"""The proportion in a population of strata, from a sample of each."""

import numpy as np
import pytest

from ml.evaluation.metrics.binomial import jeffreys, stratified


def test_the_interval_covers_the_truth_where_a_pooled_one_does_not():
    rng, sizes, shares, total = np.random.default_rng(0), np.array([10_000, 400]), [0.02, 0.5], np.array([60, 120])
    truth = (sizes * shares).sum() / sizes.sum()
    covered, pooled = 0, 0
    for _ in range(400):
        hits = rng.binomial(total, shares)
        _, low, high = stratified(hits, total, sizes)
        covered += low <= truth <= high
        low, high = jeffreys(hits.sum(), total.sum())
        pooled += low <= truth <= high
    assert covered / 400 == pytest.approx(0.95, abs=0.03)
    assert pooled == 0


def test_one_stratum_has_jeffreys_interval():
    low, high = jeffreys(np.array(3), np.array(40))
    assert stratified(np.array([3]), np.array([40]), np.array([900])) == (3 / 40, float(low), float(high))


@pytest.mark.parametrize(("hits", "ends"), [([0, 0], (0, 0.0)), ([9, 30], (1, 1.0))])
def test_no_and_only_hits_leave_the_end_open(hits, ends):
    fraction, *span = stratified(np.array(hits), np.array([9, 30]), np.array([50, 70]))
    assert fraction == pytest.approx(ends[0])
    assert ends[1] in span
