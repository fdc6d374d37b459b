"""Cumulative counts by score, the basis of ROC, precision, completeness and purity; ROC AUC and average precision."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.binomial import proportion

Array = NDArray[Any]


@dataclass(frozen=True)
class Ranking:
    """Subjects ranked by score, for b weightings at once (one, or the bootstrap samples).

    Attributes
    ----------
    thresholds
        (U,) the distinct scores, largest first; a subject is called real if its score is at or above the threshold.
    hits, false
        (b, U) weight of real and of bogus subjects at or above each threshold.
    """

    thresholds: NDArray[np.float64]
    hits: NDArray[np.float64]
    false: NDArray[np.float64]

    @property
    def real(self) -> NDArray[np.float64]:
        """Return the weight (b,) of all real subjects."""
        return self.hits[:, -1]

    @property
    def bogus(self) -> NDArray[np.float64]:
        """Return the weight (b,) of all bogus subjects."""
        return self.false[:, -1]

    @cached_property
    def completeness(self) -> NDArray[np.float64]:
        """Return TPR = recall (b, U), 0..1; NaN without real subjects."""
        return proportion(self.hits, self.real[:, None])

    @cached_property
    def false_positive_rate(self) -> NDArray[np.float64]:
        """Return FPR (b, U), 0..1; NaN without bogus subjects."""
        return proportion(self.false, self.bogus[:, None])

    @cached_property
    def precision(self) -> NDArray[np.float64]:
        """Return TP / (TP + FP) (b, U), 0..1; NaN without weight above the threshold."""
        return proportion(self.hits, self.hits + self.false)

    def roc_auc(self) -> NDArray[np.float64]:
        """Return the area (b,) under the ROC curve, ties counting half; NaN if only one kind has weight."""
        steps = np.diff(self.false, axis=1, prepend=0)
        middles = self.hits - np.diff(self.hits, axis=1, prepend=0) / 2
        return proportion((steps * middles).sum(1), self.real * self.bogus)

    def pr_auc(self) -> NDArray[np.float64]:
        """Return the average precision (b,): Σ (recall_u − recall_{u−1}) · precision_u; NaN without real weight."""
        steps = np.diff(self.hits, axis=1, prepend=0)
        return proportion((steps * np.nan_to_num(self.precision)).sum(1), self.real)


def rank(truth: Array, score: Array, weights: Array | None = None) -> Ranking:
    """Rank subjects by score, with one sort for all weightings.

    Parameters
    ----------
    truth
        (N,) bool, True for real. N is at least 1.
    score
        (N,) float of any range, higher for real.
    weights
        (b, N), not negative; every subject counts once if None (b = 1).

    Raises
    ------
    ValueError
        If lengths differ, the arrays are empty, or a score is NaN.

    Examples
    --------
    >>> rank(np.array([True, False, True]), np.array([0.9, 0.5, 0.2])).completeness
    array([[0.5, 0.5, 1. ]])
    """
    truth, score = np.asarray(truth, dtype=bool), np.asarray(score, dtype=np.float64)
    if truth.shape != score.shape or truth.ndim != 1 or not len(truth):
        raise ValueError(
            f"Truth has shape {truth.shape} and scores {score.shape}: give one of each for every subject, at least one."
        )
    if np.isnan(score).any():
        raise ValueError(
            f"{int(np.isnan(score).sum())} of {len(score)} scores are NaN."
            " Leave these subjects out, or score them again."
        )
    weights = np.ones((1, len(score))) if weights is None else np.asarray(weights, dtype=np.float64)
    order = np.argsort(-score, kind="stable")
    score, ordered, is_real = score[order], weights[:, order], truth[order]
    ends = np.flatnonzero(np.r_[score[1:] != score[:-1], True])
    hits = np.cumsum(ordered * is_real, axis=1)[:, ends]
    return Ranking(score[ends], hits, np.cumsum(ordered, axis=1)[:, ends] - hits)


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
    score = np.asarray(score, dtype=np.float64)
    return math.nan if np.isnan(score).any() or not len(score) else float(rank(truth, score).roc_auc()[0])


def pr_auc(truth: Array, score: Array) -> float:
    """Return the average precision as in scikit-learn, 0..1; NaN without real subjects, ValueError for NaN scores."""
    return float(rank(truth, score).pr_auc()[0]) if np.any(truth) else math.nan
