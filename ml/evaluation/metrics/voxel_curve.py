"""PR and ROC curves from a histogram of scores, with bounds on the exact areas."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.binomial import share


@dataclass(frozen=True)
class VoxelCurve:
    """One curve.

    Attributes
    ----------
    lower
        (B,) lower ends of the score's bins, ascending: the thresholds.
    positives, negatives
        (B,) counts.
    weight
        Weight of a false positive in the precision.
    """

    lower: NDArray[np.float64]
    positives: NDArray[np.int64]
    negatives: NDArray[np.int64]
    weight: float = 1.0

    @cached_property
    def hits(self) -> NDArray[np.int64]:
        """Return positives (B,) at or above each threshold."""
        return np.cumsum(self.positives[::-1])[::-1]

    @cached_property
    def false(self) -> NDArray[np.int64]:
        """Return negatives (B,) at or above each threshold."""
        return np.cumsum(self.negatives[::-1])[::-1]

    @property
    def recall(self) -> NDArray[np.float64]:
        """Return TPR (B,), NaN without positives."""
        return share(self.hits, self.hits[0])

    @property
    def false_positive_rate(self) -> NDArray[np.float64]:
        """Return FPR (B,), NaN without negatives."""
        return share(self.false, self.false[0])

    @property
    def precision(self) -> NDArray[np.float64]:
        """Return TP / (TP + weight · FP) (B,), NaN without counts above."""
        return share(self.hits, self.hits + self.weight * self.false)

    @property
    def baseline(self) -> float:
        """Return the precision at chance level: the fraction of positives, with weighted false positives."""
        return float(self.precision[0])

    def roc_auc(self) -> float:
        """Return the area under the ROC curve, with scores in one bin as ties; NaN if only one kind is present.

        It differs from that of the exact scores by at most `roc_tolerance`.
        """
        beaten = np.r_[self.hits[1:], 0] + self.positives / 2
        return self._of_pairs((self.negatives * beaten).sum())

    def roc_tolerance(self) -> float:
        """Return ½ Σ_b p_b n_b, as fractions of all: the maximum effect of ties within bins."""
        tied = (self.positives.astype(np.float64) * self.negatives).sum() / 2
        return self._of_pairs(tied)

    def _of_pairs(self, number: float) -> float:
        pairs = float(self.hits[0]) * float(self.false[0])
        return float(number) / pairs if pairs else math.nan

    def pr_auc(self) -> float:
        """Return the average precision, with scores in one bin as ties; NaN without positives."""
        return float(share((self.positives * np.nan_to_num(self.precision)).sum(), self.hits[0]))

    def pr_bounds(self) -> tuple[float, float]:
        """Return bounds on the average precision of the exact scores, for any order within bins."""
        before, false_before = np.r_[self.hits[1:], 0], np.r_[self.false[1:], 0]
        first = np.where(self.positives > 0, before + 1, 0)
        worst = share(first, first + self.weight * self.false)
        best = share(self.hits, self.hits + self.weight * false_before)
        low, high = ((self.positives * np.nan_to_num(side)).sum() for side in (worst, best))
        return float(share(low, self.hits[0])), float(share(high, self.hits[0]))

    def threshold_at_precision(self, precision: float) -> float:
        """Return the lowest threshold with at least this precision; NaN if none has it.

        For Table 3 of the paper, count the voxels above it with `VoxelHistogram.completeness`.
        """
        fine = np.flatnonzero(np.nan_to_num(self.precision) >= precision)
        return float(self.lower[fine[0]]) if len(fine) else float("nan")
