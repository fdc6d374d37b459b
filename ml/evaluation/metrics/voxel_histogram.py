"""Streaming voxel PR and ROC by magnitude limit, through histograms of scores, with bounds on the exact areas.

As in the TESS W-Net paper, section VII: positives are the voxels of asteroids brighter than a limit, negatives all
voxels without one, and the extreme bins of the score may be ignored, since labels there are wrong about half the time.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.binomial import proportion


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
        return proportion(self.hits, self.hits[0])

    @property
    def false_positive_rate(self) -> NDArray[np.float64]:
        """Return FPR (B,), NaN without negatives."""
        return proportion(self.false, self.false[0])

    @property
    def precision(self) -> NDArray[np.float64]:
        """Return TP / (TP + weight · FP) (B,), NaN without counts above."""
        return proportion(self.hits, self.hits + self.weight * self.false)

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
        return float(proportion((self.positives * np.nan_to_num(self.precision)).sum(), self.hits[0]))

    def pr_bounds(self) -> tuple[float, float]:
        """Return bounds on the average precision of the exact scores, for any order within bins."""
        before, false_before = np.r_[self.hits[1:], 0], np.r_[self.false[1:], 0]
        first = np.where(self.positives > 0, before + 1, 0)
        worst = proportion(first, first + self.weight * self.false)
        best = proportion(self.hits, self.hits + self.weight * false_before)
        low, high = ((self.positives * np.nan_to_num(side)).sum() for side in (worst, best))
        return float(proportion(low, self.hits[0])), float(proportion(high, self.hits[0]))

    def threshold_at_precision(self, precision: float) -> float:
        """Return the lowest threshold with at least this precision; NaN if none has it.

        For Table 3 of the paper, count the voxels above it with `VoxelHistogram.completeness`.
        """
        fine = np.flatnonzero(np.nan_to_num(self.precision) >= precision)
        return float(self.lower[fine[0]]) if len(fine) else float("nan")


EXTREME = 0.001  # the paper ignores scores in [0, 0.001] and [0.999, 1]
CHUNK = 4_000_000  # voxels per block
Array = NDArray[Any]


@dataclass
class VoxelHistogram:
    """Counts of scores, positives by magnitude; accumulates cubes, and can be merged across processes.

    Parameters
    ----------
    limits
        Magnitude limits, ascending, such as (18, 19, 20, 21). Positives at or beyond the faintest are neither
        positive nor negative; give infinity as the last limit to count every asteroid.
    bins
        Bins of the score over 0..1, of equal width; scores within one are ties. With a multiple of 1000 the paper's
        extreme bins are left out exactly.

    Attributes
    ----------
    negatives
        (bins,) voxels without an asteroid.
    positives
        (len(limits), bins) voxels of asteroids between the previous limit and this one.
    fainter, unscored
        Voxels left out: positives beyond the faintest limit (or of unknown magnitude), and NaN scores.

    Raises
    ------
    ValueError
        If the limits do not ascend or there are none.
    """

    limits: tuple[float, ...]
    bins: int = 10_000
    negatives: NDArray[np.int64] = field(init=False)
    positives: NDArray[np.int64] = field(init=False)
    fainter: int = 0
    unscored: int = 0

    def __post_init__(self) -> None:
        if not self.limits or (np.diff(self.limits) <= 0).any():
            raise ValueError(f"Magnitude limits must ascend, from bright to faint, not {self.limits}.")
        self.negatives = np.zeros(self.bins, dtype=np.int64)
        self.positives = np.zeros((len(self.limits), self.bins), dtype=np.int64)

    def add(self, score: Array, mag: Array, real: Array | None = None) -> None:
        """Count voxels.

        Parameters
        ----------
        score
            Any shape, 0..1; NaN is left out and counted.
        mag
            Same shape: magnitude of the asteroid at the voxel, NaN without one.
        real
            Same shape, bool: whether there is one; needed only if one has an unknown magnitude. Those are left out.

        Raises
        ------
        ValueError
            If shapes differ or a score is outside 0..1.
        """
        score, mag = np.asarray(score), np.asarray(mag)
        real = np.isfinite(mag) if real is None else np.asarray(real, dtype=bool)
        if not score.shape == mag.shape == real.shape:
            raise ValueError(f"Shapes differ: scores {score.shape}, magnitudes {mag.shape}, truth {real.shape}.")
        flat = score.ravel(), mag.ravel(), real.ravel()
        for start in range(0, score.size, CHUNK):
            self._count(*(values[start : start + CHUNK] for values in flat))

    def merge(self, other: "VoxelHistogram") -> None:
        """Add another's counts; ValueError if its limits or bins differ."""
        if (self.limits, self.bins) != (other.limits, other.bins):
            raise ValueError("Histograms of different limits or bins cannot be merged. Make all of them alike.")
        self.negatives += other.negatives
        self.positives += other.positives
        self.fainter += other.fainter
        self.unscored += other.unscored

    def curve(self, limit: float | None = None, extreme: float = EXTREME, *, compensate: bool = True) -> VoxelCurve:
        """Return the curve of asteroids brighter than a limit against all negatives.

        Parameters
        ----------
        limit
            One of `limits`; the faintest if None.
        extreme
            Width of the score range ignored at either end, for positives and negatives; 0 ignores nothing. A bin
            includes its lower end: scores of 1 - extreme and above are ignored, and those below extreme.
        compensate
            Weight false positives by the fraction of positives brighter than the limit (P_limit / P_faintest), as the
            paper does, so that few bright asteroids are not compared with all negatives.

        Raises
        ------
        ValueError
            For an uncounted limit, or an `extreme` that is not a whole number of bins.
        """
        last = len(self.limits) - 1 if limit is None else self._position(limit)
        cut = round(extreme * self.bins)
        if abs(cut - extreme * self.bins) > 1e-6 or not 0 <= extreme < 0.5:
            raise ValueError(
                f"{self.bins} bins cannot leave out {extreme} at either end. Choose another number of bins."
            )
        inner = slice(cut, self.bins - cut)
        positives = self.positives[: last + 1, inner].sum(0)
        every = self.positives[:, inner].sum()
        weight = float(positives.sum() / every) if compensate and every else 1.0
        return VoxelCurve(np.arange(self.bins)[inner] / self.bins, positives, self.negatives[inner], weight)

    def completeness(self, threshold: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return counts (len(limits),) from limit to limit: positives at or above a threshold, and all of them.

        The threshold is rounded down to its bin; no score is ignored.
        """
        first = min(max(int(threshold * self.bins + 1e-9), 0), self.bins)
        return self.positives[:, first:].sum(1), self.positives.sum(1)

    def _position(self, limit: float) -> int:
        if limit not in self.limits:
            raise ValueError(f"Magnitude {limit} is none of the limits {', '.join(map(str, self.limits))}.")
        return self.limits.index(limit)

    def _count(self, score: Array, mag: Array, real: NDArray[np.bool_]) -> None:
        fine = ~np.isnan(score)
        self.unscored += int((~fine).sum())
        score, mag, real = score[fine], mag[fine], real[fine]
        if score.size and (score.min() < 0 or score.max() > 1):
            raise ValueError("Scores of voxels must lie from 0 to 1. Give probabilities, not logits.")
        bin_of = np.minimum((score.astype(np.float64) * self.bins).astype(np.intp), self.bins - 1)
        self.negatives += np.bincount(bin_of[~real], minlength=self.bins)
        level = np.searchsorted(self.limits, mag[real], side="right")
        level[np.isnan(mag[real])] = len(self.limits)
        inside = level < len(self.limits)
        self.fainter += int((~inside).sum())
        cell = level[inside] * self.bins + bin_of[real][inside]
        self.positives += np.bincount(cell, minlength=self.positives.size).reshape(self.positives.shape)
