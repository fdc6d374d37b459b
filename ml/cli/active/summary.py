"""Sums up learning curves in numbers and charts: votes needed, movers found, and how the rules compare with random."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import stdtrit

from ml.acquisition.pool import Array
from ml.cli.active.rounds import Curve
from ml.evaluation.report.chart import Chart, Series

LEVEL = 0.95
"""Fraction of the metric with all labels."""
FOUND_AT = 1_000  # votes
METRICS = ("precision", "auc")


def votes_needed(curve: Curve, metric: str, level: float) -> float:
    """Return the votes at which a curve first reaches the level, interpolated between rounds; infinite if never."""
    votes, values = np.array(curve.votes, dtype=float), np.array(getattr(curve, metric))
    reached = np.flatnonzero(values >= level)
    if not len(reached):
        return float("inf")
    last = int(reached[0])
    if last == 0:
        return float(votes[0])
    share = (level - values[last - 1]) / (values[last] - values[last - 1])
    return float(votes[last - 1] + share * (votes[last] - votes[last - 1]))


def movers_per_hundred(curve: Curve, votes: int = FOUND_AT) -> float:
    """Return the movers found per 100 votes, in the first `votes`, or all if there are fewer."""
    votes = min(votes, curve.votes[-1])
    return 100 * float(np.interp(votes, [0, *curve.votes], [0, *curve.movers])) / votes


def interval(values: Sequence[float] | Array) -> dict[str, float]:
    """Return the mean with its 95 % interval by Student's t."""
    found = np.asarray(values, dtype=float)
    half = float(stdtrit(len(found) - 1, 0.975) * found.std(ddof=1) / np.sqrt(len(found))) if len(found) > 1 else np.nan
    return {"mean": float(found.mean()), "low": float(found.mean() - half), "high": float(found.mean() + half)}


def ratio(needed: Array, random: Array) -> dict[str, float]:
    """Return the geometric mean of votes / random's votes over seeds (n,), with its 95 % interval."""
    found = interval(np.log(needed / random))
    return {name: float(np.exp(value)) for name, value in found.items()}


def summarise(curves: Mapping[str, Sequence[Curve]], full: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Return the figures of each rule on one sky, from its curves and the full-label metrics of each seed.

    A seed that never reaches the level, even with the whole pool labelled, counts with all its votes, and in `missed`.
    """
    needed = {rule: _needed(some, full) for rule, some in curves.items()}
    return {
        "full": {name: interval([each[i] for each in full]) for i, name in enumerate(METRICS)},
        "rules": {rule: _figures(some, needed[rule], needed["random"]) for rule, some in curves.items()},
    }


def _needed(curves: Sequence[Curve], full: Sequence[tuple[float, float]]) -> dict[str, tuple[Array, int]]:
    """Return by metric the votes that each seed needed, and how many seeds missed the level."""
    ends = np.array([curve.votes[-1] for curve in curves], dtype=float)
    needed = {}
    for i, name in enumerate(METRICS):
        votes = np.array([votes_needed(curve, name, LEVEL * each[i]) for curve, each in zip(curves, full, strict=True)])
        needed[name] = np.minimum(votes, ends), int(np.isinf(votes).sum())
    return needed


def _figures(
    curves: Sequence[Curve], needed: Mapping[str, tuple[Array, int]], random: Mapping[str, tuple[Array, int]]
) -> dict[str, Any]:
    figures: dict[str, Any] = {"movers_per_100": interval([movers_per_hundred(curve) for curve in curves])}
    for name, (votes, missed) in needed.items():
        figures[name] = {"votes": interval(votes), "missed": missed, "ratio": ratio(votes, random[name][0])}
    return figures


POINTS = 40
LABELS = {"precision": "average precision", "auc": "ROC AUC", "movers": "movers found"}


def write_charts(curves: Mapping[str, Mapping[str, Sequence[Curve]]], drawn: Sequence[str], out: Path) -> list[str]:
    """Write a PNG for each sky and metric with the rules `drawn`; return the files' names."""
    from ml.evaluation.report.plot import pictures  # only now: matplotlib takes a second

    names = []
    for sky, of_rules in curves.items():
        for metric in LABELS:
            chart = _chart(sky, metric, {rule: of_rules[rule] for rule in drawn if rule in of_rules})
            (out / f"{chart.key}.png").write_bytes(pictures(chart, ["png"])["png"])
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
