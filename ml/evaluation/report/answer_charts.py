"""Report charts of a classifier's answers: confusion matrix, reliability diagram, score histograms."""

from typing import Any

import numpy as np

from ml.evaluation.metrics.calibration_error import reliability_diagram
from ml.evaluation.report.chart import Chart, Columns, Grid, Series
from ml.evaluation.stratified import ScoredSubjects

BINS = 25


def confusion_chart(result: dict[str, Any]) -> Grid:
    """Return the confusion matrix of an evaluation, each row shaded by its fractions."""
    counts, classes = np.array(result["confusion"]), result["classes"]
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = counts / counts.sum(1, keepdims=True)
    columns = {"true": classes} | {f"said {name}": counts[:, k] for k, name in enumerate(classes)}
    return Grid(
        "confusion",
        "Confusion",
        "Rows are true classes, columns predictions. Cells are counts, shaded by their fraction of the row.",
        "said",
        "true",
        classes,
        classes,
        shares,
        [[str(count) for count in row] for row in counts],
        columns,
    )


def calibration_chart(answers: ScoredSubjects) -> Chart:
    """Return the reliability diagram of the probability of being real."""
    return reliability_chart(
        reliability_diagram(answers.real, answers.p_real),
        "Fraction of real subjects by predicted probability. Below the line the model is overconfident, above it"
        " underconfident; whiskers are 95 % (Jeffreys).",
        "predicted probability of being real",
        "fraction that is real",
    )


def scores(answers: ScoredSubjects) -> Chart:
    """Return the score histograms of real and bogus subjects."""
    edges = np.linspace(0, 1, BINS + 1)
    real, bogus = (np.histogram(answers.p_real[side], edges)[0] for side in (answers.real, ~answers.real))
    middles = (edges[1:] + edges[:-1]) / 2
    columns = {"from": edges[:-1], "to": edges[1:], "real": real, "bogus": bogus}
    return Chart(
        "scores",
        "Scores",
        "Number of subjects by probability of being real. Uncertain subjects are in the middle; errors are"
        " at the wrong end.",
        "probability of being real",
        "subjects",
        (
            Series("real", middles, real, kind="steps", colour=2),
            Series("bogus", middles, bogus, kind="steps", colour=1),
        ),
        columns,
        x_span=(0, 1),
        y_span=None,
    )


def reliability_chart(bins: Columns, note: str, x_label: str, y_label: str) -> Chart:
    """Return the chart of bins as `reliability_diagram` has them, beside the line of a perfect model."""
    mean_p, real, low, high = (np.asarray(bins[name], float) for name in ("said", "real", "low", "high"))
    perfect = Series("perfect", np.array([0, 1]), np.array([0, 1]), dash=1, colour=5)
    model = Series("model", mean_p, real, low, high, kind="points")
    return Chart("reliability", "Calibration", note, x_label, y_label, (model, perfect), bins, x_span=(0, 1))
