"""Charts of PR and ROC by magnitude limit, for subjects or for the voxels of cubes."""

import math

import numpy as np

from ml.evaluation.metrics.voxel_curve import VoxelCurve
from ml.evaluation.metrics.voxels import EXTREME, VoxelHistogram
from ml.evaluation.report.chart import Chart, Columns, Series

POINTS = 400  # maximum number of points of a curve on the page


def limits(histogram: VoxelHistogram, extreme: float = EXTREME, things: str = "voxels") -> list[Chart]:
    """Return the PR and the ROC chart of each limit against all negatives; none without positives or negatives.

    Parameters
    ----------
    histogram
        Filled.
    extreme
        Width of the score range ignored at either end; 0 ignores nothing.
    things
        What is counted: "voxels", "subjects".
    """
    found = {_name(limit): histogram.curve(limit, extreme) for limit in histogram.limits}
    found = {name: curve for name, curve in found.items() if curve.hits.any() and curve.false.any()}
    if not found:
        return []
    ignored = f" Scores within {extreme:g} of 0 and 1 are ignored, as in the TESS paper." if extreme else ""
    return [_precision(found, ignored, things), _roc(found, ignored, things)]


def _precision(found: dict[str, VoxelCurve], ignored: str, things: str) -> Chart:
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
        f"Positives are {things} of movers brighter than the limit; false positives count in proportion to those, so"
        f" that curves compare.{ignored} A model at chance level has the precision of the last column.",
        "recall",
        "precision",
        tuple(lines),
        columns,
        x_span=(0, 1),
    )


def _roc(found: dict[str, VoxelCurve], ignored: str, things: str) -> Chart:
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
        f"Positives are {things} of movers brighter than the limit, negatives all {things} without one.{ignored}",
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
