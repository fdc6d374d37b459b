"""The report of a classifier: its metrics and charts, in order."""

from typing import Any

from ml.evaluation.report.answers import calibration, confusion, scores
from ml.evaluation.report.chart import Chart, Columns, Grid
from ml.evaluation.report.conditions import Wording, conditions
from ml.evaluation.report.curves import curves
from ml.evaluation.report.limits import limits
from ml.evaluation.report.nights import nights
from ml.evaluation.stratified import CUT, Answers, by_limit, by_nights

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


def charts(said: dict[str, Any], answers: Answers, seed: int = 0) -> list[Chart | Grid]:
    """Return all possible charts: curves need both kinds of subject, charts by magnitude need magnitudes."""
    both = answers.real.any() and not answers.real.all()
    chosen: list[Chart | Grid] = [*curves(answers, seed)] if both else []
    chosen += [confusion(said), calibration(answers), scores(answers)]
    if answers.real.any():
        words = Wording("real subjects", f"called real at a threshold of {answers.threshold:g}", "p_real")
        chosen += conditions(answers.sought, words)
    histogram, by_night = by_limit(answers), by_nights(answers)
    chosen += [] if histogram is None else limits(histogram, extreme=0, things="subjects")
    return chosen + ([] if by_night is None else [nights(*by_night, CUT)])


def figures(said: dict[str, Any]) -> Columns:
    """Return the table of metrics: name, value, and its 95 % interval."""
    values = {key: said[key] for key in NAMES} | said["operating"]
    spans = [said["intervals"].get(key, (None, None)) for key in values]
    return {
        "figure": [NAMES.get(key) or _point(key) for key in values],
        "value": [_text(value) for value in values.values()],
        "95 % from": [_text(span[0]) for span in spans],
        "to": [_text(span[1]) for span in spans],
    }


def summary(said: dict[str, Any]) -> str:
    """Return the sentence beneath the title."""
    return (
        f"{said['n']} subjects, of the classes {', '.join(said['classes'])}. Called real from probability"
        f" {said['threshold']:g} on, summed over {', '.join(said['positive'])}. Intervals are 95 %, by a bootstrap over"
        " objects."
    )


def _point(key: str) -> str:
    if key.startswith("purity_"):
        abundance, completeness = key.removeprefix("purity_").split("_at_")
        return f"Purity at AB = {abundance}, completeness {completeness}"
    return next(words.format(key.removeprefix(prefix)) for prefix, words in POINTS if key.startswith(prefix))


def _text(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
