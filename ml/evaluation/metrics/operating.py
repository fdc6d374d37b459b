"""Operating points: completeness, precision and rejection at a threshold; purity where movers are rare.

Functions of a `Ranking` with b weightings return (b,), or (b, G) for G completenesses; NaN if undefined.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.binomial import jeffreys, proportion
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
        raise ValueError(f"Completeness is a fraction from 0 to 1, not {completeness}.")
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
    looked_at = _take(ranking.hits + ranking.false, _at(ranking, completeness))
    return np.where(ranking.real > 0, 1 - proportion(looked_at, ranking.real + ranking.bogus), np.nan)


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


ABUNDANCES = (1e-4, 0.5)


def astronomical_purity(tpr: Array | float, fpr: Array | float, abundance: float) -> NDArray[np.float64]:
    """Return the fraction of movers among positives, for an abundance of movers on the sky.

    purity = TPR·AB / (TPR·AB + FPR·(1 − AB)) (Lieu et al. 2019, MNRAS 485, 5831, eq. 10).

    Parameters
    ----------
    tpr, fpr
        True and false positive rates, 0..1, of broadcastable shapes.
    abundance
        AB, movers among all objects, between 0 and 1.

    Returns
    -------
    0..1; NaN if both rates are 0 (nothing is called real) or either is NaN.

    Raises
    ------
    ValueError
        For an abundance that is not strictly between 0 and 1.

    Examples
    --------
    >>> float(astronomical_purity(0.9, 0.001, 1e-4).round(4))
    0.0826
    """
    if not 0 < abundance < 1:
        raise ValueError(f"The abundance is {abundance}, but movers among all objects lie between 0 and 1.")
    found, false = np.asarray(tpr) * abundance, np.asarray(fpr) * (1 - abundance)
    return np.where(np.isnan(false), np.nan, proportion(found, found + false))


def purity_at_completeness(ranking: Ranking, completeness: Array, abundance: float) -> NDArray[np.float64]:
    """Return the purity (b, G) at the highest threshold that keeps each completeness (G,), 0..1.

    NaN without real or without bogus subjects.
    """
    at = at_completeness(ranking, completeness)
    tpr, fpr = (np.take_along_axis(rate, at, 1) for rate in (ranking.completeness, ranking.false_positive_rate))
    return astronomical_purity(tpr, fpr, abundance)


def surest_purity(ranking: Ranking, completeness: Array, abundance: float) -> NDArray[np.float64]:
    """Return the purity (b, G) supported by the number of bogus subjects: FPR at the top of its 95 % interval.

    A test set of n bogus subjects cannot show an FPR below about 2/n, so at a small abundance a measured purity of 1
    says little. This lower bound uses the Jeffreys interval of the FPR.
    """
    at = at_completeness(ranking, completeness)
    false = np.take_along_axis(ranking.false, at, 1)
    _, fpr = jeffreys(false, np.broadcast_to(ranking.bogus[:, None], false.shape))
    return astronomical_purity(np.take_along_axis(ranking.completeness, at, 1), fpr, abundance)
