"""Completeness by magnitude, rate or S/N, and over the plane of two of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.binomial import jeffreys, proportion

WIDE = 20  # minimum ratio of the ends for logarithmic bins
ROUNDING = 1e-9  # relative difference of values that are one
Array = NDArray[Any]


@dataclass(frozen=True)
class Bins:
    """Fractions of hits in bins.

    Attributes
    ----------
    edges
        One array (B+1,) per axis, ascending; a bin includes its lower end, the last also its upper.
    n, hits
        (B,) or (B₁, B₂) counts.
    outside
        Subjects in no bin: beyond the edges, or NaN.
    """

    edges: tuple[NDArray[np.float64], ...]
    n: NDArray[np.int64]
    hits: NDArray[np.int64]
    outside: int

    @property
    def proportion(self) -> NDArray[np.float64]:
        """Return hits / n, 0..1; NaN in an empty bin."""
        return proportion(self.hits, self.n)

    @property
    def interval(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the 95 % Jeffreys interval of the fraction; NaN in an empty bin."""
        return jeffreys(self.hits, self.n)


def completeness_by(values: Array, found: Array, edges: Array) -> Bins:
    """Return the fraction of real subjects found, in bins of one quantity.

    Parameters
    ----------
    values
        (N,) magnitude, rate (arcsec/h), S/N … of the real subjects; NaN if unknown.
    found
        (N,) bool, whether each is called real. Use ``~found`` for the fraction missed.
    edges
        (B+1,) ascending.

    Raises
    ------
    ValueError
        If lengths differ, or the edges are not ascending.

    Examples
    --------
    >>> completeness_by(np.array([18.0, 18.5, 20.0]), np.array([True, False, True]), np.array([17, 19, 21])).proportion
    array([0.5, 1. ])
    """
    return _binned((values,), found, (edges,))


def completeness_plane(x: Array, y: Array, found: Array, x_edges: Array, y_edges: Array) -> Bins:
    """Return the same over the plane of two quantities (N,) each: counts (B₁, B₂), first axis x."""
    return _binned((x, y), found, (x_edges, y_edges))


def bin_edges(values: Array, bins: int = 8) -> NDArray[np.float64]:
    """Return edges (bins+1,) that include all finite values: equal steps, or equal factors over a wide positive range.

    Values that differ by no more than rounding give one bin around them, none the bin 0..1.
    """
    finite = np.asarray(values, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if high - low <= ROUNDING * max(abs(low), abs(high)):
        return np.array([low - 0.5, high + 0.5])
    edges = np.geomspace(low, high, bins + 1) if low > 0 and high / low >= WIDE else np.linspace(low, high, bins + 1)
    edges[0], edges[-1] = low, high
    return edges


def detection_limit(edges: Array, completeness: Array, level: float = 0.5) -> float:
    """Return where completeness drops below `level`, interpolated between bin centres; NaN if it never does.

    The last crossing from above counts, as for the limiting magnitudes of Table 3 in the TESS W-Net paper.

    Parameters
    ----------
    edges, completeness
        (B+1,) and (B,), of a quantity towards fainter values; NaN bins are skipped.
    """
    edges, completeness = np.asarray(edges, dtype=np.float64), np.asarray(completeness, dtype=np.float64)
    known = np.isfinite(completeness)
    middles, heights = ((edges[1:] + edges[:-1]) / 2)[known], completeness[known]
    falls = np.flatnonzero((heights[:-1] >= level) & (heights[1:] < level))
    if not len(falls):
        return float("nan")
    at = falls[-1]
    part = (heights[at] - level) / (heights[at] - heights[at + 1])
    return float(middles[at] + part * (middles[at + 1] - middles[at]))


def _binned(axes: tuple[Array, ...], found: Array, edges: tuple[Array, ...]) -> Bins:
    columns = [np.asarray(axis, dtype=np.float64) for axis in axes]
    found = np.asarray(found, dtype=bool)
    cuts = tuple(np.asarray(edge, dtype=np.float64) for edge in edges)
    if any(column.shape != found.shape for column in columns):
        raise ValueError(f"There are {len(columns[0])} values for {len(found)} subjects: give one for each.")
    if any(len(cut) < 2 or (np.diff(cut) <= 0).any() for cut in cuts):
        raise ValueError("The edges of bins must be two or more and ascend.")
    known = np.isfinite(columns).all(0)
    points = np.stack(columns, axis=1)
    n, _ = np.histogramdd(points[known], bins=cuts)
    hits, _ = np.histogramdd(points[known & found], bins=cuts)
    return Bins(cuts, n.astype(np.int64), hits.astype(np.int64), int(len(found) - n.sum()))
