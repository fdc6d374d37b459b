"""The pool: what is known about the subjects that may be asked about next."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Rows = NDArray[np.intp]
NEWCOMER = ((0.6, 0.3, 0.1), (0.3, 0.6, 0.1))
"""P(answer | class) of a volunteer nobody knows: no, yes, unsure; bogus first. Close to `ml.crowd.skill`'s newcomer."""


@dataclass(frozen=True)
class Pool:
    """N open subjects.

    Parameters
    ----------
    p_real
        (N,) P(real) by the model; NaN where it has not scored the subject.
    p_votes
        (N,) P(real) by the votes alone, from even odds; NaN before the first vote.
    prior
        P(real), 0..1, of a subject that no model has scored, before the votes.
    skill
        (2, A) the next volunteer's confusion matrix P(answer | class), bogus first: the crowd's mean if nobody is
        known to come next.
    probabilities
        (N, K) class probabilities, for `Rule.RARE`; NaN where not scored.
    labelled
        (K,) labels of each class so far, for `Rule.RARE`.
    members
        (M, N, K) probabilities by the members of an ensemble, for `Rule.BALD`.
    features
        Returns the features (n, D) of some rows (n,), NaN where unknown; None if there are none. Only the rows of a
        shortlist are asked for, so that a pool of millions costs no more than they do.
    groups
        Returns the object groups (n,) of some rows; None if every subject is its own object.
    nights
        Returns the observing nights (n,) of some rows, for `Plan.nightly`; None if all are of one night.
    """

    p_real: Array
    p_votes: Array
    prior: float = 0.5
    skill: Array | tuple[tuple[float, ...], ...] = NEWCOMER
    probabilities: Array | None = None
    labelled: Array | None = None
    members: Array | None = None
    features: Callable[[Rows], Array | None] | None = None
    groups: Callable[[Rows], Array] | None = None
    nights: Callable[[Rows], Array] | None = None

    def __len__(self) -> int:
        return len(self.p_real)

    def part(self, rows: Rows) -> "Pool":
        """Return the pool of some rows (n,), in their order."""
        features, groups, nights = self.features, self.groups, self.nights
        return replace(
            self,
            p_real=self.p_real[rows],
            p_votes=self.p_votes[rows],
            probabilities=None if self.probabilities is None else self.probabilities[rows],
            members=None if self.members is None else self.members[:, rows],
            features=None if features is None else lambda some: features(rows[some]),
            groups=None if groups is None else lambda some: groups(rows[some]),
            nights=None if nights is None else lambda some: nights(rows[some]),
        )
