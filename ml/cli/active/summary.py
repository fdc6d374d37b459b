"""Sums up learning curves: votes needed, movers found, and how the rules compare with random."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import t

from ml.acquisition.pool import Array
from ml.cli.active.rounds import Curve

LEVEL = 0.95
"""Of the full-label metric."""
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
    half = float(t.ppf(0.975, len(found) - 1) * found.std(ddof=1) / np.sqrt(len(found))) if len(found) > 1 else np.nan
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
