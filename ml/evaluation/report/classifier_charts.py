"""The report of a classifier: its metrics and charts, in order, with confusion, calibration, scores and nights."""

from dataclasses import replace
from typing import Any

import numpy as np

from ml.evaluation.metrics.calibration_error import reliability_diagram
from ml.evaluation.metrics.nightly_counts import Nights, by_night
from ml.evaluation.report.chart import Chart, Columns, Grid, Series
from ml.evaluation.report.conditions import Wording, conditions
from ml.evaluation.report.curves import curves
from ml.evaluation.report.magnitude_limits import limits
from ml.evaluation.stratified import CUT, ScoredSubjects, by_nights, histogram_by_limit

NAMES = {
    "accuracy": "Accuracy",
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "precision": "Precision",
    "recall": "Recall (completeness)",
    "f1": "F1",
    "kappa": "Cohen’s κ",
    "mcc": "Matthews’ φ",
    "log_loss": "Log loss (nats)",
    "ece": "Calibration error",
}
POINTS = (
    ("kept_at_threshold", "Real kept at the threshold"),
    ("rejected_at_threshold", "Bogus rejected at the threshold"),
    ("rejected_at_", "Bogus rejected at completeness {}"),
    ("precision_at_", "Precision at completeness {}"),
    ("workload_cut_at_", "Workload cut at completeness {}"),
    ("completeness_at_rejected_", "Completeness with {} of bogus rejected"),
    ("completeness_at_precision_", "Completeness at precision {}"),
)


def classifier_charts(result: dict[str, Any], answers: ScoredSubjects, seed: int = 0) -> list[Chart | Grid]:
    """Return all possible charts: curves need both kinds of subject, charts by magnitude need magnitudes."""
    both = answers.real.any() and not answers.real.all()
    chosen: list[Chart | Grid] = [*curves(answers, seed)] if both else []
    chosen += [confusion_chart(result), calibration_chart(answers), scores(answers)]
    if answers.real.any():
        words = Wording("real subjects", f"called real at a threshold of {answers.threshold:g}", "p_real")
        chosen += conditions(answers.search, words)
    histogram, by_night = histogram_by_limit(answers), by_nights(answers)
    chosen += [] if histogram is None else limits(histogram, extreme=0, objects="subjects")
    return chosen + ([] if by_night is None else [nights(*by_night, CUT)])


def figure_table(result: dict[str, Any]) -> Columns:
    """Return the table of metrics: name, value, and its 95 % interval."""
    values = {key: result[key] for key in NAMES} | result["operating"]
    spans = [result["intervals"].get(key, (None, None)) for key in values]
    return {
        "figure": [NAMES.get(key) or _point(key) for key in values],
        "value": [_text(value) for value in values.values()],
        "95 % from": [_text(span[0]) for span in spans],
        "to": [_text(span[1]) for span in spans],
    }


def classifier_summary(result: dict[str, Any]) -> str:
    """Return the sentence beneath the title."""
    return (
        f"{result['n']} subjects, of the classes {', '.join(result['classes'])}. Called real from a probability of"
        f" {result['threshold']:g} on, summed over {', '.join(result['positive'])}. Intervals are 95 %, by a bootstrap"
        " over objects."
    )


def _point(key: str) -> str:
    if key.startswith("purity_"):
        abundance, completeness = key.removeprefix("purity_").split("_at_")
        return f"Purity at AB = {abundance}, completeness {completeness}"
    return next(words.format(key.removeprefix(prefix)) for prefix, words in POINTS if key.startswith(prefix))


def _text(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


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
        "FP (fraction of bogus)": found.false_positive_rate,
        "FN": found.false_negative,
        "to look at": found.to_look_at,
    }
    return Chart(
        "nights",
        "Night by night",
        f"At the threshold that keeps {100 * completeness:g} % of all real subjects ({threshold:.4f}): what comes"
        " through although it is bogus, what is lost although it is real, and how much is left to look at.",
        label,
        "fraction",
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


BINS = 25


def confusion_chart(result: dict[str, Any]) -> Grid:
    """Return the confusion matrix of an evaluation, each row shaded by its fractions."""
    counts, classes = np.array(result["confusion"]), result["classes"]
    with np.errstate(invalid="ignore", divide="ignore"):
        fractions = counts / counts.sum(1, keepdims=True)
    columns = {"true": classes} | {f"predicted {name}": counts[:, k] for k, name in enumerate(classes)}
    return Grid(
        "confusion",
        "Confusion",
        "Rows are true classes, columns predictions. Cells are counts, shaded by their fraction of the row.",
        "predicted",
        "true",
        classes,
        classes,
        fractions,
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
    mean_p, real, low, high = (np.asarray(bins[name], float) for name in ("mean", "real", "low", "high"))
    perfect = Series("perfect", np.array([0, 1]), np.array([0, 1]), dash=1, colour=5)
    model = Series("model", mean_p, real, low, high, kind="points")
    return Chart("reliability", "Calibration", note, x_label, y_label, (model, perfect), bins, x_span=(0, 1))
