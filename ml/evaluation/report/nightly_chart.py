"""The report's table of nights."""

from dataclasses import replace

import numpy as np

from ml.evaluation.metrics.nightly_counts import Nights, by_night
from ml.evaluation.report.chart import Chart, Columns, Series
from ml.evaluation.stratified import ScoredSubjects


def nights(found: Nights, threshold: float, completeness: float) -> Chart:
    """Return the table of nights at the threshold that keeps a given completeness."""
    try:
        at, label = found.night.astype(np.float64), "night (MJD)"
    except ValueError:  # the nights have names
        at, label = np.arange(1.0, len(found.night) + 1), "night, in order"
    lost = found.false_negative / np.maximum(found.real, 1)
    to_look_at = found.to_look_at / np.maximum(found.unknown, 1)
    columns: Columns = {
        "night": found.night,
        "unknown": found.unknown,
        "real": found.real,
        "FP": found.false_positive,
        "FP (share of bogus)": found.false_positive_rate,
        "FN": found.false_negative,
        "to look at": found.to_look_at,
    }
    return Chart(
        "nights",
        "Night by night",
        f"At the threshold that keeps {100 * completeness:g} % of all real subjects ({threshold:.4f}): what comes"
        " through although it is bogus, what is lost although it is real, and how much is left to look at.",
        label,
        "share",
        (
            Series("bogus let through", at, found.false_positive_rate, kind="points", colour=1),
            Series("real lost", at, lost, kind="points", colour=3),
            Series("left to look at", at, to_look_at, kind="dots", colour=0),
        ),
        columns,
    )


def nights_at_threshold(answers: ScoredSubjects) -> Chart:
    """Return the table of nights at the evaluation's threshold."""
    found = by_night(answers.conditions.night, answers.real, answers.p_real, answers.threshold)
    completeness = float(answers.found.mean()) if answers.real.any() else float("nan")
    chart = nights(found, answers.threshold, round(completeness, 4))
    return replace(chart, key="nights-at-threshold", title="Night by night, at the model’s own threshold")
