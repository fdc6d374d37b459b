"""Charts by magnitude limit: PR and ROC of subjects or of the voxels of cubes, and completeness at fixed precisions."""

import math

import numpy as np

from ml.evaluation.metrics.binned_completeness import detection_limit
from ml.evaluation.metrics.binomial import jeffreys, proportion
from ml.evaluation.metrics.voxel_histogram import EXTREME, VoxelCurve, VoxelHistogram
from ml.evaluation.report.chart import Chart, Columns, Series

POINTS = 400  # maximum number of points of a curve on the page


def limits(histogram: VoxelHistogram, extreme: float = EXTREME, objects: str = "voxels") -> list[Chart]:
    """Return the PR and the ROC chart of each limit against all negatives; none without positives or negatives.

    Parameters
    ----------
    histogram
        Filled.
    extreme
        Width of the score range ignored at either end; 0 ignores nothing.
    objects
        What is counted: "voxels", "subjects".
    """
    found = {_name(limit): histogram.curve(limit, extreme) for limit in histogram.limits}
    found = {name: curve for name, curve in found.items() if curve.hits.any() and curve.false.any()}
    if not found:
        return []
    ignored = f" Scores within {extreme:g} of 0 and 1 are ignored, as in the TESS paper." if extreme else ""
    return [_precision(found, ignored, objects), _roc(found, ignored, objects)]


def _precision(found: dict[str, VoxelCurve], ignored: str, objects: str) -> Chart:
    lines: list[Series] = []
    for number, (name, curve) in enumerate(found.items()):
        at = _chosen(curve)
        label = f"{name}: AUC {curve.pr_auc():.3f}"
        lines.append(Series(label, curve.recall[at], curve.precision[at], dash=number % 4, colour=number))
    columns: Columns = {
        "limit": list(found),
        "positives": [int(curve.hits[0]) for curve in found.values()],
        "negatives": [int(curve.false[0]) for curve in found.values()],
        "PR AUC": [curve.pr_auc() for curve in found.values()],
        "at least": [curve.pr_bounds()[0] for curve in found.values()],
        "at most": [curve.pr_bounds()[1] for curve in found.values()],
        "chance level": [curve.baseline for curve in found.values()],
    }
    return Chart(
        "precision-limits",
        "Precision and recall by magnitude limit",
        f"Positives are {objects} of movers brighter than the limit; false positives count in proportion to those, so"
        f" that curves compare.{ignored} A model at chance level has the precision of the last column.",
        "recall",
        "precision",
        tuple(lines),
        columns,
        x_span=(0, 1),
    )


def _roc(found: dict[str, VoxelCurve], ignored: str, objects: str) -> Chart:
    lines = []
    for number, (name, curve) in enumerate(found.items()):
        at = _chosen(curve)
        x, y = np.r_[curve.false_positive_rate[at], 0], np.r_[curve.recall[at], 0]
        lines.append(Series(f"{name}: AUC {curve.roc_auc():.3f}", x, y, dash=number % 4, colour=number))
    columns: Columns = {
        "limit": list(found),
        "ROC AUC": [curve.roc_auc() for curve in found.values()],
        "exact to": [curve.roc_tolerance() for curve in found.values()],
    }
    return Chart(
        "roc-limits",
        "ROC by magnitude limit",
        f"Positives are {objects} of movers brighter than the limit, negatives all {objects} without one.{ignored}",
        "false positive rate",
        "true positive rate",
        tuple(lines),
        columns,
        x_span=(0, 1),
    )


def _chosen(curve: VoxelCurve) -> np.ndarray:
    """Return positions of at most `POINTS` thresholds, evenly spaced along the curve rather than in score."""
    changes = np.flatnonzero(curve.positives + curve.negatives)
    along = curve.recall[changes] + curve.false_positive_rate[changes]
    goals = np.linspace(along[-1], along[0], POINTS)
    return np.unique(changes[np.clip(np.searchsorted(-along, -goals), 0, len(changes) - 1)])


def _name(limit: float) -> str:
    return "all" if math.isinf(limit) else f"< {limit:g} mag"


PRECISIONS = (0.1, 0.2, 0.3, 0.4, 0.5)


def voxel_charts(histogram: VoxelHistogram) -> list[Chart]:
    """Return the charts of a filled histogram of voxels."""
    return [*limits(histogram), *_completeness(histogram)]


def _completeness(histogram: VoxelHistogram) -> list[Chart]:
    """Return completeness between magnitude limits, at the threshold of each attained precision."""
    curve = histogram.curve(compensate=False)
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
        fractions = proportion(hits, total)
        series.append(Series(f"at {100 * precision:g} % precision", middles, fractions, low, high, dash=number % 4))
        rows.append((precision, threshold, *_above(histogram, threshold), detection_limit(edges, fractions)))
    names = ("precision", "threshold", "TP", "FP", "magnitude of 50 %")
    columns: Columns = {name: [row[k] for row in rows] for k, name in enumerate(names)}
    return [
        Chart(
            "completeness-magnitude",
            "Completeness by magnitude at fixed precision",
            "The fraction of movers' voxels above the lowest threshold of each precision, from one magnitude limit to"
            " the next; the table has the magnitude at which half is found. The first bin holds all that is brighter.",
            "magnitude",
            "completeness",
            tuple(series),
            columns,
        )
    ]


def _above(histogram: VoxelHistogram, threshold: float) -> tuple[int, int]:
    first = round(threshold * histogram.bins)
    return int(histogram.positives[:, first:].sum()), int(histogram.negatives[first:].sum())
