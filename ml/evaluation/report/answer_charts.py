"""Report charts of a classifier's answers: confusion matrix, reliability diagram, score histograms."""

from typing import Any

import numpy as np

from ml.evaluation.metrics.calibration_error import reliability_diagram
from ml.evaluation.report.chart import Chart, Columns, Grid, Series
from ml.evaluation.stratified import ScoredSubjects

BINS = 25


def confusion_chart(result: dict[str, Any]) -> Grid:
    """Return the confusion matrix of an evaluation, each row shaded by its shares."""
    counts, classes = np.array(result["confusion"]), result["classes"]
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = counts / counts.sum(1, keepdims=True)
    columns = {"true": classes} | {f"said {name}": counts[:, k] for k, name in enumerate(classes)}
    return Grid(
        "confusion",
        "Confusion",
        "A row for each true class, a column for what the model said. Cells are counts,"
        " shaded by their share of the row.",
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
        "What came true of what was said. Points below the line are too sure of being real, points above it not sure"
        " enough; whiskers are 95 % (Jeffreys).",
        "probability of being real, as said",
        "share that is real",
    )


def scores(answers: ScoredSubjects) -> Chart:
    """Return how many real and bogus subjects have which score."""
    edges = np.linspace(0, 1, BINS + 1)
    real, bogus = (np.histogram(answers.p_real[side], edges)[0] for side in (answers.real, ~answers.real))
    middles = (edges[1:] + edges[:-1]) / 2
    columns = {"from": edges[:-1], "to": edges[1:], "real": real, "bogus": bogus}
    return Chart(
        "scores",
        "Scores",
        "How many subjects have which probability of being real. What the model cannot decide lies in the middle; what"
        " it takes for its opposite lies at the wrong end.",
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
