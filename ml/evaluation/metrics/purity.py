"""Purity of a catalogue on a real sky, where movers are far rarer than in a balanced test set."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.binomial import jeffreys, share
from ml.evaluation.metrics.operating import at_completeness
from ml.evaluation.metrics.ranking import Ranking

ABUNDANCES = (1e-4, 0.5)
Array = NDArray[Any]


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
    return np.where(np.isnan(false), np.nan, share(found, found + false))


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
