"""Report charts of a classifier's answers: confusion matrix, reliability diagram, score histograms."""

from typing import Any

import numpy as np

from ml.evaluation import metrics
from ml.evaluation.report.chart import Chart, Columns, Grid, Series
from ml.evaluation.stratified import Answers

BINS = 25


def confusion(said: dict[str, Any]) -> Grid:
    """Return the confusion matrix of an evaluation, each row shaded by its fractions."""
    counts, classes = np.array(said["confusion"]), said["classes"]
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


def calibration(answers: Answers) -> Chart:
    """Return the reliability diagram of the probability of being real."""
    return diagram(
        metrics.reliability(answers.real, answers.p_real),
        "Fraction of real subjects by predicted probability. Below the line the model is overconfident, above it"
        " underconfident; whiskers are 95 % (Jeffreys).",
        "predicted probability of being real",
        "fraction that is real",
    )


def scores(answers: Answers) -> Chart:
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


def diagram(bins: Columns, note: str, x_label: str, y_label: str) -> Chart:
    """Return the chart of bins from `ml.evaluation.metrics.reliability`, with the diagonal of a perfect model."""
    said, real, low, high = (np.asarray(bins[name], float) for name in ("said", "real", "low", "high"))
    perfect = Series("perfect", np.array([0, 1]), np.array([0, 1]), dash=1, colour=5)
    model = Series("model", said, real, low, high, kind="points")
    return Chart("reliability", "Calibration", note, x_label, y_label, (model, perfect), bins, x_span=(0, 1))
