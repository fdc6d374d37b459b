"""Charts of the benchmark: average precision, AUC and movers found against votes, the mean of all seeds."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ml.cli.active.rounds import Curve
from ml.cli.active.summary import interval
from ml.evaluation.report.chart import Chart, Series

POINTS = 40
LABELS = {"precision": "average precision", "auc": "ROC AUC", "movers": "movers found"}


def write_charts(curves: Mapping[str, Mapping[str, Sequence[Curve]]], drawn: Sequence[str], out: Path) -> list[str]:
    """Write a PNG for each sky and metric with the rules `drawn`; return the files' names."""
    from ml.evaluation.report.plot import png  # only now: matplotlib takes a second

    names = []
    for sky, of_rules in curves.items():
        for metric in LABELS:
            chart = _chart(sky, metric, {rule: of_rules[rule] for rule in drawn if rule in of_rules})
            (out / f"{chart.key}.png").write_bytes(png(chart))
            names.append(f"{chart.key}.png")
    return names


def _chart(sky: str, metric: str, of_rules: Mapping[str, Sequence[Curve]]) -> Chart:
    first = max(curve.votes[0] for curves in of_rules.values() for curve in curves)
    last = min(curve.votes[-1] for curves in of_rules.values() for curve in curves)
    votes = np.geomspace(first, last, POINTS)
    series = tuple(
        _series(rule, curves, metric, votes, number) for number, (rule, curves) in enumerate(of_rules.items())
    )
    key = f"{metric}-{sky.lower().replace(' %', '').replace(' ', '-')}"
    note = "The mean of all seeds and its 95 % interval; simulated volunteers."
    return Chart(key, sky, note, "votes", LABELS[metric], series, {"votes": votes}, x_log=True, y_span=None)


def _series(rule: str, curves: Sequence[Curve], metric: str, votes: np.ndarray, number: int) -> Series:
    at = np.array([np.interp(votes, curve.votes, getattr(curve, metric)) for curve in curves])
    spans = [interval(column) for column in at.T]
    mean, low, high = (np.array([span[name] for span in spans]) for name in ("mean", "low", "high"))
    return Series(rule, votes, mean, low, high, dash=number % 4)
