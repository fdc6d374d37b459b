"""Drift of a model's scores: whether a new sample has the distribution of a reference sample."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

Array = NDArray[Any]
SHIFTED = 0.2
"""Stability index from which the distribution has shifted, by the convention of credit scoring (Siddiqi 2006)."""


LEAST_EXPECTED = 5.0
"""Expected count of a cell from which on Pearson's statistic follows χ² (Cochran 1954)."""

DRAWS = 20_000


def stability_index(reference: Array, counts: Array) -> float:
    """Return the population stability index of a sample against a reference: 0 if both have the same distribution.

    Σ_b (q_b − r_b) ln(q_b / r_b) over bins, the symmetric Kullback–Leibler divergence in nats. Half a count is added to
    each bin, so that an empty one stays finite.

    Parameters
    ----------
    reference, counts
        (B,) counts by bin, not negative; NaN is not allowed.

    Examples
    --------
    >>> round(stability_index(np.array([900, 100]), np.array([45, 55])), 2)
    1.07
    """
    r, q = (np.asarray(values, dtype=np.float64) + 0.5 for values in (reference, counts))
    r, q = r / r.sum(), q / q.sum()
    return float(((q - r) * np.log(q / r)).sum())


def chance_of_as_much(reference: Array, counts: Array) -> float:
    """Return the p-value, 0..1, of Pearson's test that both samples have one distribution; 1 if either is empty.

    By χ² where at least `LEAST_EXPECTED` are expected everywhere. Else by `DRAWS` permutations, since χ² finds far too
    many small chances in a night of few subjects: two in a bin that is nearly empty in the reference are enough.

    Parameters
    ----------
    reference, counts
        As for `stability_index`, whole numbers; bins that are empty in both are left out.
    """
    table = np.array([reference, counts], dtype=np.float64)
    table = table[:, table.sum(0) > 0]
    if not table.sum(1).all() or table.shape[1] < 2:
        return 1.0
    expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    statistic = ((table - expected) ** 2 / expected).sum()
    if expected.min() < LEAST_EXPECTED:
        return _chance_by_permutation(table, expected, statistic)
    return float(chdtrc(table.shape[1] - 1, statistic))


def _chance_by_permutation(table: Array, expected: Array, statistic: float) -> float:
    """Return the chance of so large a statistic if the subjects (2, B) are divided between both samples at random."""
    rng = np.random.default_rng(0)
    drawn = rng.multivariate_hypergeometric(table.sum(0).astype(np.int64), int(table[1].sum()), size=DRAWS)
    drawn_statistic = ((drawn - expected[1]) ** 2 * (1 / expected).sum(0)).sum(1)
    return float((1 + (drawn_statistic >= statistic * (1 - 1e-9)).sum()) / (1 + DRAWS))
