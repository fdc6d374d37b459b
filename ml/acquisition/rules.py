"""The rules: what each subject's next vote is worth, 0 to 1, and how a plan weighs the rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.acquisition.pool import Pool
from ml.acquisition.uncertainty import bald, entropy, margin
from ml.acquisition.value_of_vote import belief, errors_saved_by_vote, information_of_vote

Array = NDArray[Any]


def confident_positives(p_real: Array) -> NDArray[np.float64]:
    """Return P(real) itself (N,): the likeliest movers first. Unscored subjects (NaN) count as 0."""
    return np.nan_to_num(np.asarray(p_real, dtype=np.float64), nan=0.0)


def rare_classes(p: Array, labelled: Array) -> NDArray[np.float64]:
    """Return the expected rarity of each subject's class (N,), 0..1: 1 for a class that no label has yet.

    Parameters
    ----------
    p
        (N, K) class probabilities; unscored rows (NaN) count as 0.
    labelled
        (K,) labels of each class so far, not negative.

    Notes
    -----
    The expectation of 1 / (1 + n_k / n̄), where n̄ is the mean number of labels of a class, at least 1: inverse class
    frequency, smoothed so that one label does not end the search.

    Examples
    --------
    >>> rare_classes(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([30, 0])).round(3)
    array([0.333, 1.   ])
    """
    counts = np.asarray(labelled, dtype=np.float64)
    rarity = 1 / (1 + counts / max(counts.mean(), 1.0))
    return np.nan_to_num(np.asarray(p, dtype=np.float64) @ rarity, nan=0.0)


Values = NDArray[np.float64]
FLOOR = 0.05
"""Neither a sure model nor a sure crowd silences the other: no uncertainty counts for less."""
LEAST = 1e-6
"""Heads that agree on everything within this disagree on nothing. Disagreement counts relative to the largest."""


class Rule(StrEnum):
    """Why a subject is asked about."""

    RANDOM = "random"
    TYPICAL = "typical"
    ENTROPY = "entropy"
    MARGIN = "margin"
    BALD = "bald"
    INFORMATION = "information"
    ERRORS = "errors"
    POSITIVE = "positive"
    RARE = "rare"


SPREAD = frozenset({Rule.ENTROPY, Rule.MARGIN, Rule.BALD, Rule.INFORMATION, Rule.ERRORS})
"""The rules of uncertainty, whose subjects a diverse plan spreads."""


@dataclass(frozen=True)
class Plan:
    """A mixture of rules.

    Parameters
    ----------
    weights
        The weight of each rule, positive; they are normalised.
    diverse
        Spread the uncertain subjects over feature space: uncertain, then clustered. Likely movers and rare classes
        keep their order, since of the most uncertain many are about as good, but not of the likeliest.
    nightly
        Cluster within each observing night, so that one bad night does not fill a batch.
    """

    weights: Mapping[Rule, float] = field(default_factory=lambda: {Rule.ENTROPY: 1.0})
    diverse: bool = True
    nightly: bool = False

    def __post_init__(self) -> None:
        if not self.weights or min(self.weights.values()) <= 0 or not np.isfinite(sum(self.weights.values())):
            raise ValueError(f"A plan needs rules with positive weights, not {dict(self.weights)}.")

    def mixed_with(self, rule: Rule, fraction: float) -> "Plan":
        """Return a plan that gives `fraction` (0..1) of the subjects to one more rule, and the rest to these."""
        if not fraction:
            return self
        rest = {known: weight * (1 - fraction) / sum(self.weights.values()) for known, weight in self.weights.items()}
        weights = {known: weight for known, weight in rest.items() if weight} | {rule: fraction + rest.get(rule, 0.0)}
        return replace(self, weights=weights)

    @property
    def main(self) -> Rule:
        """Return the rule of the largest weight, the first of several."""
        return max(self.weights, key=lambda rule: self.weights[rule])


def value(rule: Rule, pool: Pool) -> Values:
    """Return what a vote on each subject is worth by one rule, (N,) in 0..1.

    Every rule but those of the vote itself counts less where the crowd is already sure. `RANDOM` and `TYPICAL` have no
    value by subject: `choose` orders them.

    Raises
    ------
    ValueError
        If the pool lacks what the rule needs.
    """
    if rule not in _VALUES:
        raise ValueError(f"“{rule}” orders a pool, but has no value by subject.")
    return _VALUES[rule](pool)


def _of_model(uncertainty: Callable[[Any], Values]) -> Callable[[Pool], Values]:
    return lambda pool: np.maximum(FLOOR, uncertainty(pool.p_real)) * _of_crowd(pool)


def _of_crowd(pool: Pool) -> Values:
    return np.maximum(FLOOR, entropy(pool.p_votes))


def _of_ensemble(pool: Pool) -> Values:
    if pool.members is None:
        raise ValueError("BALD needs the probabilities of an ensemble's members.")
    disagreement = bald(pool.members)
    most = disagreement[np.isfinite(pool.members).all(axis=(0, 2))].max(initial=0)
    return np.maximum(FLOOR, np.minimum(1, disagreement / max(most, LEAST))) * _of_crowd(pool)


def _of_rarity(pool: Pool) -> Values:
    if pool.probabilities is None or pool.labelled is None:
        raise ValueError("Rare classes need class probabilities and the number of labels of each class.")
    return rare_classes(pool.probabilities, pool.labelled) * _of_crowd(pool)


def _of_vote(gain: Callable[[Any, Any], Values]) -> Callable[[Pool], Values]:
    return lambda pool: gain(belief(pool.p_real, pool.p_votes, pool.prior), pool.skill)


_VALUES: dict[Rule, Callable[[Pool], Values]] = {
    Rule.ENTROPY: _of_model(entropy),
    Rule.MARGIN: _of_model(margin),
    Rule.BALD: _of_ensemble,
    Rule.INFORMATION: _of_vote(information_of_vote),
    Rule.ERRORS: _of_vote(errors_saved_by_vote),
    Rule.POSITIVE: lambda pool: confident_positives(pool.p_real) * _of_crowd(pool),
    Rule.RARE: _of_rarity,
}
