"""ROC AUC and average precision (PR AUC), plain and weighted."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.ranking import rank

Array = NDArray[Any]


def roc_auc(truth: Array, score: Array) -> float:
    """Return the probability that a real subject scores above a bogus one, ties counting half.

    The Mann–Whitney statistic, U / (n₁ n₀) (Hanley & McNeil 1982, Radiology 143, 29).

    Parameters
    ----------
    truth
        (N,) bool, True for real.
    score
        (N,) float, larger for real.

    Returns
    -------
    0..1, or NaN if only one kind is present or a score is NaN.

    Examples
    --------
    >>> roc_auc(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.75
    """
    truth = np.asarray(truth, dtype=bool)
    real, bogus = int(truth.sum()), int((~truth).sum())
    if not real or not bogus:
        return math.nan
    from scipy.stats import rankdata  # takes a second to import, which no page should wait for

    ranks = rankdata(np.asarray(score, dtype=np.float64))
    return float((ranks[truth].sum() - real * (real + 1) / 2) / (real * bogus))


def pr_auc(truth: Array, score: Array) -> float:
    """Return the average precision as in scikit-learn, 0..1; NaN without real subjects, ValueError for NaN scores."""
    from sklearn.metrics import average_precision_score  # takes seconds to import, which no page should wait for

    truth = np.asarray(truth, dtype=bool)
    return float(average_precision_score(truth, score)) if truth.any() else math.nan


def weighted_roc_auc(truth: Array, score: Array, weights: Array) -> NDArray[np.float64]:
    """Return the AUC (b,) for each row of `weights` (b, N); NaN if only one kind has weight."""
    return rank(truth, score, weights).roc_auc()
