"""The report of a trail detector: precision against completeness by S/N, and completeness at 90 % precision."""

from itertools import pairwise

import numpy as np

from ml.evaluation.completeness import Search
from ml.evaluation.metrics.detection_curve import DetectionCurve, Matched, detection_curve
from ml.evaluation.observing_conditions import Conditions
from ml.evaluation.report.chart import Chart, Columns, Grid, Series
from ml.evaluation.report.conditions import Wording, conditions

PRECISION = 0.9
SNR_EDGES = (0.0, 3.0, 5.0, np.inf)
"""Ranges of S/N, each with its own curve beside that of all."""


def detection_charts(matched: Matched, observing: Conditions) -> list[Chart | Grid]:
    """Return the charts of found and missed trails.

    Parameters
    ----------
    matched
        From `ml.evaluation.metrics.detection_curve.match_boxes` or `match_curves`.
    observing
        Observing conditions of the true trails, in their order.

    Raises
    ------
    ValueError
        Without a true trail, completeness is undefined.
    """
    if not len(matched.snr):
        raise ValueError("There is no true trail. Evaluate detectors on images with trails.")
    curves = {"all": detection_curve(matched)}
    for low, high in pairwise(SNR_EDGES):
        if ((matched.snr >= low) & (matched.snr < high)).any():
            curves[_name(low, high)] = detection_curve(matched, low, high)
    reached, threshold = curves["all"].at_precision(PRECISION)
    if not reached:
        return [_precision(curves)]
    words = Wording(
        "true trails", f"found at {100 * PRECISION:g} % precision (a threshold of {threshold:.3g})", "score"
    )
    return [_precision(curves), *conditions(_search(matched, observing, threshold), words)]


def detection_notes(matched: Matched, observing: Conditions) -> list[str]:
    """Return what the charts can't show, and the remedy."""
    curve = detection_curve(matched)
    reached, threshold = curve.at_precision(PRECISION)
    if reached:
        return _search(matched, observing, threshold).missing_quantities()
    best = f"at best {100 * curve.precision.max():.0f} % of detections are trails" if len(curve.precision) else ""
    return [
        f"No threshold reaches {100 * PRECISION:g} % precision ({best or 'there are no detections'}), so completeness"
        " by magnitude, rate and S/N and missed trails are not shown. Train the detector longer, or on a similar sky."
    ]


def _search(matched: Matched, observing: Conditions, threshold: float) -> Search:
    """Return the true trails, and those found at or above a threshold, each with its score."""
    best = matched.best()
    return Search(best >= threshold, np.where(np.isfinite(best), best, np.nan), observing)


def _precision(curves: dict[str, DetectionCurve]) -> Chart:
    lines = [
        Series(name, curve.completeness, curve.precision, dash=number % 4, colour=number)
        for number, (name, curve) in enumerate(curves.items())
    ]
    columns: Columns = {
        "trails": list(curves),
        "average precision": [curve.average_precision() for curve in curves.values()],
        **{
            f"found at {100 * precision:g} %": [c.at_precision(precision)[0] for c in curves.values()]
            for precision in (0.5, PRECISION, 0.99)
        },
    }
    return Chart(
        "detections",
        "Precision and completeness",
        "Detections are matched one to one with true trails, highest score first. False ones have no S/N,"
        " and count against every range of it. Found is the completeness at a precision.",
        "completeness",
        "precision",
        tuple(lines),
        columns,
        x_span=(0, 1),
    )


def _name(low: float, high: float) -> str:
    return f"S/N from {low:g} on" if np.isinf(high) else f"S/N {low:g} to {high:g}"
