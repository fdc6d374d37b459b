"""Metrics night by night at one threshold: candidates, real ones, false positives, misses."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.binomial import share

Array = NDArray[Any]


@dataclass(frozen=True)
class Nights:
    """One row per night, in order, as in Table 5 of Rabeendran & Denneau 2021.

    Attributes
    ----------
    night
        (M,) names or MJD.
    unknown
        (M,) subjects of the night.
    real
        (M,) real ones among them.
    false_positive
        (M,) bogus ones at or above the threshold.
    false_negative
        (M,) real ones below it.
    """

    night: NDArray[Any]
    unknown: NDArray[np.int64]
    real: NDArray[np.int64]
    false_positive: NDArray[np.int64]
    false_negative: NDArray[np.int64]

    @property
    def false_positive_rate(self) -> NDArray[np.float64]:
        """Return FP over the bogus subjects of the night, 0..1; NaN in a night without any."""
        return share(self.false_positive, self.unknown - self.real)

    @property
    def to_look_at(self) -> NDArray[np.int64]:
        """Return the subjects at or above the threshold: the remaining workload."""
        return self.real - self.false_negative + self.false_positive


def by_night(night: Array, truth: Array, score: Array, threshold: float) -> Nights:
    """Count each night.

    Parameters
    ----------
    night
        (N,) names, or integers such as the MJD of the evening; subjects with night NaN or "" are left out.
    truth
        (N,) bool, True for real.
    score
        (N,), no NaN; at or above `threshold` the subject is called real.

    Raises
    ------
    ValueError
        If lengths differ or a score is NaN.
    """
    night, truth, score = np.asarray(night), np.asarray(truth, dtype=bool), np.asarray(score, dtype=np.float64)
    if not night.shape == truth.shape == score.shape:
        raise ValueError(f"Lengths differ: {len(night)} nights, {len(truth)} truths and {len(score)} scores.")
    if np.isnan(score).any():
        raise ValueError("Some scores are NaN. Leave these subjects out, or score them again.")
    known = np.isfinite(night) if night.dtype.kind == "f" else night != ""
    names, row = np.unique(night[known], return_inverse=True)
    truth, called = truth[known], score[known] >= threshold
    chosen = (np.ones(len(row), dtype=bool), truth, ~truth & called, truth & ~called)
    return Nights(names, *(np.bincount(row[which], minlength=len(names)) for which in chosen))
