"""The report of a cube model: PR and ROC by magnitude limit, and completeness by magnitude at fixed precisions."""

import numpy as np

from ml.evaluation.metrics.binned_completeness import detection_limit
from ml.evaluation.metrics.binomial import jeffreys, proportion
from ml.evaluation.metrics.voxel_histogram import EXTREME, VoxelHistogram
from ml.evaluation.report.chart import Chart, Columns, Series
from ml.evaluation.report.magnitude_limits import limits

PRECISIONS = (0.1, 0.2, 0.3, 0.4, 0.5)


def voxel_charts(histogram: VoxelHistogram, extreme: float = EXTREME) -> list[Chart]:
    """Return the charts of a filled histogram; PR and ROC ignore scores within `extreme` of 0 and 1."""
    return [*limits(histogram, extreme), *_completeness(histogram, extreme)]


def _completeness(histogram: VoxelHistogram, extreme: float) -> list[Chart]:
    """Return completeness between magnitude limits, at the threshold of each attained precision."""
    curve = histogram.curve(extreme=extreme, compensate=False)
    found = [(precision, curve.threshold_at_precision(precision)) for precision in PRECISIONS]
    reached = [(precision, threshold) for precision, threshold in found if np.isfinite(threshold)]
    last = np.flatnonzero(np.isfinite(histogram.limits))
    if not reached or len(last) < 2:
        return []
    ends = np.array(histogram.limits)[last]
    edges = np.r_[ends[0] - (ends[1] - ends[0]), ends]
    middles = (edges[1:] + edges[:-1]) / 2
    series, rows = [], []
    for number, (precision, threshold) in enumerate(reached):
        hits, total = (counts[last] for counts in histogram.completeness(threshold))
        low, high = jeffreys(hits, total)
        shares = proportion(hits, total)
        series.append(Series(f"at {100 * precision:g} % precision", middles, shares, low, high, dash=number % 4))
        rows.append((precision, threshold, *_above(histogram, threshold), detection_limit(edges, shares)))
    names = ("precision", "threshold", "TP", "FP", "magnitude of 50 %")
    columns: Columns = {name: [row[k] for row in rows] for k, name in enumerate(names)}
    return [
        Chart(
            "completeness-magnitude",
            "Completeness by magnitude at fixed precision",
            "The share of movers' voxels above the lowest threshold of each precision, from one magnitude limit to the"
            " next; the table has the magnitude at which half is found. The first bin holds all that is brighter.",
            "magnitude",
            "completeness",
            tuple(series),
            columns,
        )
    ]


def _above(histogram: VoxelHistogram, threshold: float) -> tuple[int, int]:
    first = round(threshold * histogram.bins)
    return int(histogram.positives[:, first:].sum()), int(histogram.negatives[first:].sum())
