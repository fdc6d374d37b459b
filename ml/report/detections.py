"""The report of a trail detector: precision against completeness by S/N, and completeness by S/N."""

from itertools import pairwise

import numpy as np

from ml.metrics.completeness import edges_of
from ml.metrics.detection import DetectionCurve, Matched, completeness_by_snr, detection_curve
from ml.report.chart import Chart, Columns, Grid, Series
from ml.report.conditions import Wording, completeness

PRECISION = 0.9


def charts(matched: Matched, snr_edges: tuple[float, ...] = (0.0, 3.0, 5.0, np.inf)) -> list[Chart | Grid]:
    """Return the charts of what a detector found and missed.

    Parameters
    ----------
    matched
        From `ml.metrics.match_boxes` or `match_curves`.
    snr_edges
        Ranges of S/N, each with a curve of its own beside that of all.

    Raises
    ------
    ValueError
        If there is no true trail: nothing can be complete then.
    """
    if not len(matched.snr):
        raise ValueError("There is no true trail to find. Judge a detector on images that hold some.")
    curves = {"all": detection_curve(matched)}
    for low, high in pairwise(snr_edges):
        if ((matched.snr >= low) & (matched.snr < high)).any():
            curves[_name(low, high)] = detection_curve(matched, low, high)
    chosen: list[Chart | Grid] = [_precision(curves)]
    reached, threshold = curves["all"].at_precision(PRECISION)
    if reached and np.isfinite(matched.snr).any():
        bins = completeness_by_snr(matched, threshold, edges_of(matched.snr))
        where = f"found at {100 * PRECISION:g} % precision (a threshold of {threshold:.3g})"
        chosen.append(completeness(bins, "snr", Wording("true trails", where, "score")))
    return chosen


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
        "Each found trail takes the free true trail that it agrees with best, the surest first. False ones have no S/N,"
        " and count against every range of it. Found is the completeness at a precision.",
        "completeness",
        "precision",
        tuple(lines),
        columns,
        x_span=(0, 1),
    )


def _name(low: float, high: float) -> str:
    return f"S/N from {low:g} on" if np.isinf(high) else f"S/N {low:g} to {high:g}"
