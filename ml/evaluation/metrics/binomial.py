"""Jeffreys intervals of binomial proportions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

Array = NDArray[Any]


def jeffreys(hits: Array, total: Array, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the Jeffreys interval of a binomial proportion, with ends at 0 and 1 for no or only hits.

    The quantiles of Beta(hits + ½, total − hits + ½) (Brown, Cai & DasGupta 2001, Statistical Science 16, 101).

    Parameters
    ----------
    hits, total
        Counts of the same shape, 0 ≤ hits ≤ total.
    level
        Coverage, between 0 and 1.

    Returns
    -------
    Low and high, 0..1, of the same shape. Both are NaN if total is 0.

    Raises
    ------
    ValueError
        If a count of hits is negative or above its total.

    Examples
    --------
    >>> [bound.round(3).tolist() for bound in jeffreys(np.array([0, 5]), np.array([10, 10]))]
    [[0.0, 0.224], [0.217, 0.776]]
    """
    hits, total = np.broadcast_arrays(np.asarray(hits, dtype=np.float64), np.asarray(total, dtype=np.float64))
    if (hits < 0).any() or (hits > total).any():
        raise ValueError("Hits must be counts from 0 to their total. Count hits among the same subjects as the total.")
    tail = (1 - level) / 2
    low = np.where(hits == 0, 0.0, betaincinv(hits + 0.5, total - hits + 0.5, tail))
    high = np.where(hits == total, 1.0, betaincinv(hits + 0.5, total - hits + 0.5, 1 - tail))
    any_total = total > 0
    return np.where(any_total, low, np.nan), np.where(any_total, high, np.nan)


DRAWS = 20_000


def stratified(hits: Array, total: Array, sizes: Array, level: float = 0.95) -> tuple[float, float, float]:
    """Return the proportion in a population of strata of known sizes, and its interval, from a sample of each.

    The proportions of the strata, weighted by their sizes. The interval is by draws from their Jeffreys posteriors,
    with ends at 0 and 1 for no or only hits; of one stratum, it is that of `jeffreys`.

    Parameters
    ----------
    hits, total
        (K,) counts in the samples, 0 ≤ hits ≤ total, none without a sample.
    sizes
        (K,) subjects of the strata.
    level
        Coverage, between 0 and 1.
    """
    hits, total = np.asarray(hits, dtype=np.float64), np.asarray(total, dtype=np.float64)
    weights = np.asarray(sizes, dtype=np.float64) / np.sum(sizes)
    if len(hits) == 1:
        ends = jeffreys(hits, total, level)
        return float(hits[0] / total[0]), float(ends[0][0]), float(ends[1][0])
    drawn = np.random.default_rng(0).beta(hits + 0.5, total - hits + 0.5, (DRAWS, len(hits))) @ weights
    low = np.quantile(drawn, (1 - level) / 2) if hits.any() else 0.0
    high = np.quantile(drawn, (1 + level) / 2) if (hits < total).any() else 1.0
    return float((weights * hits / total).sum()), float(low), float(high)


def proportion(hits: Array, total: Array) -> NDArray[np.float64]:
    """Return hits / total, NaN where total is 0; shapes broadcast."""
    hits, total = np.asarray(hits, dtype=np.float64), np.asarray(total, dtype=np.float64)
    shape = np.broadcast_shapes(hits.shape, total.shape)
    return np.divide(hits, total, out=np.full(shape, np.nan), where=total > 0)
