"""Expectation–maximisation, shared by methods that alternate between workers and items."""

from abc import abstractmethod
from functools import reduce
from typing import Self

import numpy as np

from ml.crowd.aggregator import Aggregator, columns_of, gold_codes, pinned
from ml.crowd.votes import Votes


class EM(Aggregator):
    """The EM iterations that Dawid–Skene, one-coin and GLAD share.

    Attributes
    ----------
    history_ : (n_iter_,) float array
        Log-likelihood of the votes plus log prior of the parameters after each iteration. It never falls.
    """

    history_: np.ndarray

    def __init__(self, max_iter: int, tol: float) -> None:
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, votes: Votes, gold: np.ndarray | None = None) -> Self:
        known = gold_codes(votes, gold)
        self.remember(votes)
        belief = pinned(self.first_guess(votes), known, len(votes.classes))
        history = []
        for iteration in range(1, self.max_iter + 1):
            self.n_iter_ = iteration
            self.maximise(votes, belief)
            before = self.by_class(belief)
            belief, totals = split(at_gold(self.joint(votes), known, len(votes.classes)))
            self.log_likelihood_ = float(totals.sum())
            history.append(self.log_likelihood_ + self.log_prior())
            self.converged_ = bool(np.abs(self.by_class(belief) - before).max(initial=0) < self.tol)
            if self.converged_:
                break
        self.history_ = np.array(history)
        self.finish(votes)
        return self

    @abstractmethod
    def first_guess(self, votes: Votes) -> np.ndarray:
        """Return the initial posteriors (n_items, K)."""

    @abstractmethod
    def maximise(self, votes: Votes, belief: np.ndarray) -> None:
        """M-step: maximise the likelihood of the parameters, given votes and posteriors (n_items, K)."""

    @abstractmethod
    def joint(self, votes: Votes) -> np.ndarray:
        """Unnormalised E-step: log P(votes of the item, class), (n_items, K)."""

    def by_class(self, columns: np.ndarray) -> np.ndarray:
        """Return probabilities of classes (n_items, K) from those of their subtypes; most models have none."""
        return columns

    @abstractmethod
    def log_prior(self) -> float:
        """Log prior density of the parameters, up to a constant; MAP adds it to the likelihood."""

    @abstractmethod
    def finish(self, votes: Votes) -> None:
        """Set posteriors, skills and their uncertainties from the final parameters."""


def normalised(joint: np.ndarray) -> np.ndarray:
    """Turn log P(votes, class) into P(class | votes), both (n_items, K)."""
    return split(joint)[0]


def split(joint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn log P(votes, class) (n_items, K) into P(class | votes) and log P(votes) (n_items,).

    Products of hundreds of small probabilities underflow, so logarithms are summed, and the largest is subtracted
    before exponentiating (log-sum-exp). Columns are reduced one after the other: K is small, and numpy is slow over
    short rows.
    """
    top = reduce(np.maximum, joint.T)
    scaled = np.exp(joint - top[:, None])
    total = scaled @ np.ones(joint.shape[1])
    return scaled / total[:, None], top + np.log(total)


def at_gold(joint: np.ndarray, gold: np.ndarray, classes: int) -> np.ndarray:
    """Rule out all but the gold class: log P(votes, class) (n_items, columns), -inf elsewhere."""
    known = gold >= 0
    if not known.any():
        return joint
    sure = joint.copy()
    sure[known] = np.where(columns_of(gold[known], joint.shape[1], classes), joint[known], -np.inf)
    return sure
