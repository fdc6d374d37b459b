"""Detection metrics of trails: matching, precision, and completeness by S/N."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.binned_completeness import Bins, completeness_by
from ml.evaluation.metrics.binomial import proportion
from ml.evaluation.metrics.overlap import curve_cover, curve_distance, iou

Array = NDArray[Any]


@dataclass(frozen=True)
class Trails:
    """Detected or true trails of some images.

    Attributes
    ----------
    image
        (N,) the image of each: names or numbers.
    shape
        (N, 4) pixels: boxes, x0, y0, x1, y1; or (N, 2 k): curves.
    value
        (N,) score of detections; S/N of true trails.
    """

    image: NDArray[Any]
    shape: NDArray[np.float64]
    value: NDArray[np.float64]

    def __post_init__(self) -> None:
        if not len(self.image) == len(self.shape) == len(self.value):
            raise ValueError(
                f"Lengths differ: {len(self.image)} images, {len(self.shape)} shapes and {len(self.value)} values."
            )


@dataclass(frozen=True)
class Matched:
    """Detections matched to true trails.

    Attributes
    ----------
    score
        (N,) of each found trail.
    truth
        (N,) number of the matched true trail, -1 for a false detection.
    snr
        (M,) of the true trails.
    """

    score: NDArray[np.float64]
    truth: NDArray[np.intp]
    snr: NDArray[np.float64]

    def best(self) -> NDArray[np.float64]:
        """Return the score (M,) at which each true trail is found; -infinity if it never is."""
        scores = np.full(len(self.snr), -np.inf)
        hit = self.truth >= 0
        scores[self.truth[hit]] = self.score[hit]
        return scores


def match_boxes(found: Trails, true: Trails, least: float = 0.5) -> Matched:
    """Match boxes with at least the given overlap (intersection over union).

    One to one within each image, highest score first: each detection takes the unmatched true trail with the largest
    overlap (Everingham et al. 2010, IJCV 88, 303). A second detection of the same trail is a false one.

    Raises
    ------
    ValueError
        If a score is NaN, or boxes are not well formed.
    """
    return _match(found, true, iou, least)


def match_curves(found: Trails, true: Trails, pixels: float = 5.0, cover: float = 0.5) -> Matched:
    """Match curves that stay within `pixels` of a true one and cover at least the given fraction of its points.

    `shape` holds (N, 2 k) x0, y0, x1, y1 … of k points of each, evenly spaced. Matching is as in `match_boxes`; among
    several true curves the best covered comes first. A curved trail deviates from its chord, and so do its pieces, but
    not from its curve.
    """

    def agreement(a: Array, b: Array) -> NDArray[np.float64]:
        return np.where(curve_distance(a, b) <= pixels, curve_cover(a, b, pixels), -1.0)

    return _match(found, true, agreement, cover)


@dataclass(frozen=True)
class DetectionCurve:
    """Completeness and precision at every score, largest first.

    Attributes
    ----------
    thresholds, completeness, precision
        (U,) each.
    """

    thresholds: NDArray[np.float64]
    completeness: NDArray[np.float64]
    precision: NDArray[np.float64]

    def average_precision(self) -> float:
        """Return Σ (C_u − C_{u−1}) · precision_u, 0..1; NaN without true trails.

        Trails that are never found add nothing.
        """
        return float((np.diff(self.completeness, prepend=0) * self.precision).sum())

    def at_precision(self, precision: float) -> tuple[float, float]:
        """Return (completeness, threshold) at the lowest threshold of at least this precision; (0, inf) if none."""
        fine = np.flatnonzero(self.precision >= precision - 1e-9)
        return (float(self.completeness[fine[-1]]), float(self.thresholds[fine[-1]])) if len(fine) else (0.0, np.inf)


def detection_curve(matched: Matched, snr_from: float = -np.inf, snr_to: float = np.inf) -> DetectionCurve:
    """Return the curve of true trails with S/N in [from, to).

    Detections of other true trails are left out; false ones have no S/N and count against every range.
    """
    counted = (matched.snr >= snr_from) & (matched.snr < snr_to)
    hit = matched.truth >= 0
    fine = hit.copy()
    fine[hit] = counted[matched.truth[hit]]
    used = fine | ~hit
    order = np.argsort(-matched.score[used], kind="stable")
    score, right = matched.score[used][order], fine[used][order]
    ends = np.flatnonzero(np.r_[np.diff(score) != 0, True]) if len(score) else np.empty(0, dtype=np.intp)
    hits = np.cumsum(right)[ends]
    return DetectionCurve(score[ends], proportion(hits, counted.sum()), proportion(hits, ends + 1))


def completeness_by_snr(matched: Matched, threshold: float, edges: Array) -> Bins:
    """Return the fraction of true trails found at or above a score, 0..1, in bins of S/N; `edges` (B + 1,) ascend."""
    return completeness_by(matched.snr, matched.best() >= threshold, edges)


def _match(found: Trails, true: Trails, agreement: Any, least: float) -> Matched:
    if np.isnan(found.value).any():
        raise ValueError("Some found trails have NaN as their score. Leave them out, or score them again.")
    truth = np.full(len(found.value), -1, dtype=np.intp)
    for image in np.unique(found.image):
        ours, theirs = np.flatnonzero(found.image == image), np.flatnonzero(true.image == image)
        if not len(theirs):
            continue
        ours = ours[np.argsort(-found.value[ours], kind="stable")]
        agreed = agreement(found.shape[ours], true.shape[theirs])
        for row, number in enumerate(ours):
            best = int(agreed[row].argmax())
            if agreed[row, best] >= least:
                truth[number] = theirs[best]
                agreed[:, best] = -np.inf
    return Matched(np.asarray(found.value, dtype=np.float64), truth, np.asarray(true.value, dtype=np.float64))
