"""Operating points: completeness, precision and rejection at a chosen threshold.

Every function takes a `Ranking` with b weightings and returns (b,), NaN if undefined.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.binomial import share
from ml.evaluation.metrics.ranking import Ranking

EPSILON = 1e-9  # fractions are ratios of counts: 996 of 1000 must reach .996
Array = NDArray[Any]


def at_completeness(ranking: Ranking, completeness: Array) -> NDArray[np.intp]:
    """Return the positions (b, G) in `ranking.thresholds` of the highest threshold that keeps each completeness (G,).

    Without real subjects it is the last, lowest threshold.

    Raises
    ------
    ValueError
        For a completeness outside 0..1.
    """
    grid = np.atleast_1d(np.asarray(completeness, dtype=np.float64))
    if not ((grid >= 0) & (grid <= 1)).all():
        raise ValueError(f"Completeness is a share from 0 to 1, not {completeness}.")
    wanted = grid * ranking.real[:, None] - EPSILON * np.maximum(ranking.real[:, None], 1)
    found = [np.searchsorted(hits, goal) for hits, goal in zip(ranking.hits, wanted, strict=True)]
    return np.minimum(np.array(found, dtype=np.intp), len(ranking.thresholds) - 1)


def at_false_positive_rate(ranking: Ranking, rates: Array) -> NDArray[np.intp]:
    """Return the positions (b, G) in `ranking.thresholds` of the lowest threshold whose FPR is at most each rate (G,).

    The first, highest threshold if even that has a larger FPR.
    """
    allowed = np.asarray(rates, dtype=np.float64) * ranking.bogus[:, None] + EPSILON
    found = [np.searchsorted(false, most, side="right") for false, most in zip(ranking.false, allowed, strict=True)]
    return np.maximum(np.array(found, dtype=np.intp) - 1, 0)


def threshold_at_completeness(ranking: Ranking, completeness: float) -> NDArray[np.float64]:
    """Return the highest threshold that keeps at least this fraction of the real subjects."""
    return np.where(ranking.real > 0, ranking.thresholds[_at(ranking, completeness)], np.nan)


def rejected_at_completeness(ranking: Ranking, completeness: float) -> NDArray[np.float64]:
    """Return the fraction of bogus subjects, 0..1, below the threshold that keeps this fraction of the real ones.

    Rabeendran & Denneau 2021 keep 99.6 % of real tracklets and reject 90.8 % of bogus ones.
    """
    return np.where(ranking.real > 0, 1 - _take(ranking.false_positive_rate, _at(ranking, completeness)), np.nan)


def precision_at_completeness(ranking: Ranking, completeness: float) -> NDArray[np.float64]:
    """Return the precision, 0..1, at the highest threshold that keeps this fraction of the real subjects."""
    return np.where(ranking.real > 0, _take(ranking.precision, _at(ranking, completeness)), np.nan)


def workload_cut(ranking: Ranking, completeness: float) -> NDArray[np.float64]:
    """Return the fraction of all subjects, 0..1, below the threshold that keeps this fraction of the real ones."""
    seen = _take(ranking.hits + ranking.false, _at(ranking, completeness))
    return np.where(ranking.real > 0, 1 - share(seen, ranking.real + ranking.bogus), np.nan)


def completeness_at_precision(ranking: Ranking, precision: float) -> NDArray[np.float64]:
    """Return the largest completeness, 0..1, of any threshold whose precision is at least this; 0 if there is none."""
    fine = np.nan_to_num(ranking.precision) >= precision - EPSILON
    return np.where(ranking.real > 0, (fine * np.nan_to_num(ranking.completeness)).max(1), np.nan)


def completeness_at_rejection(ranking: Ranking, rejected: float) -> NDArray[np.float64]:
    """Return the largest completeness, 0..1, at which this fraction of the bogus is rejected; 0 if none.

    NaN without real or without bogus subjects.
    """
    fine = np.nan_to_num(ranking.false_positive_rate) <= 1 - rejected + EPSILON
    both = (ranking.real > 0) & (ranking.bogus > 0)
    return np.where(both, (fine * np.nan_to_num(ranking.completeness)).max(1), np.nan)


def _at(ranking: Ranking, completeness: float) -> NDArray[np.intp]:
    return at_completeness(ranking, np.array([completeness]))[:, 0]


def _take(values: NDArray[np.float64], at: NDArray[np.intp]) -> NDArray[np.float64]:
    return values[np.arange(len(at)), at]
