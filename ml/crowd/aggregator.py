"""The interface of every aggregation method: fit on votes, then posteriors and skills."""

from abc import ABC, abstractmethod
from typing import Self

import numpy as np

from ml.crowd.uncertainty import entropy_bits
from ml.crowd.votes import BadVotes, Votes

UNKNOWN = -1


class Aggregator(ABC):
    """From many people's votes to one answer per item.

    Gold informs the workers' skills only. The posterior of a gold item still comes from its votes alone, so that it can
    be compared with the truth.

    Attributes
    ----------
    posteriors_ : (n_items, K) float array
        Rows sum to 1. An item without votes, or with nothing but abstentions where those tell nothing, keeps the prior.
    entropy_ : (n_items,) float array
        Of the posteriors, in bits: 0 certain, log2 K nothing known.
    prior_ : (K,) float array
        Share of each class.
    skills_ : (n_workers,) float array
        One number for the quality of a worker's answers; see each method for its meaning. NaN if unknown.
    skills_sd_ : (n_workers,) float array
        Its standard deviation.
    log_likelihood_ : float
        Of the votes, in nats; NaN for methods without a likelihood.
    n_iter_ : int
    converged_ : bool
        False if `max_iter` ended the iterations before convergence.
    workers_, classes_ : tuple of str
        Names, in the order of all arrays.
    """

    posteriors_: np.ndarray
    entropy_: np.ndarray
    prior_: np.ndarray
    skills_: np.ndarray
    skills_sd_: np.ndarray
    log_likelihood_: float
    n_iter_: int
    converged_: bool
    workers_: tuple[str, ...]
    classes_: tuple[str, ...]

    @abstractmethod
    def fit(self, votes: Votes, gold: np.ndarray | None = None) -> Self:
        """Fit to votes, and to `gold`: class codes (n_items,), -1 where unknown."""

    @abstractmethod
    def predict(self, votes: Votes) -> np.ndarray:
        """Return posteriors (n_items, K) of other votes on the same classes; an unknown worker is an average one."""

    def remember(self, votes: Votes) -> None:
        self.workers_, self.classes_ = votes.workers, votes.classes

    def conclude(self, posteriors: np.ndarray) -> None:
        self.posteriors_, self.entropy_ = posteriors, entropy_bits(posteriors)

    def rows_of(self, votes: Votes) -> np.ndarray:
        """Find the fitted workers: (n_workers of these votes,) rows, `UNKNOWN` for new ones.

        Raises `BadVotes` for votes on other classes.
        """
        if votes.classes != self.classes_:
            theirs, ours = ", ".join(votes.classes), ", ".join(self.classes_)
            raise BadVotes(f"these votes choose from {theirs}; the fitted ones chose from {ours}")
        if votes.workers == self.workers_:
            return np.arange(len(self.workers_))
        known = {name: row for row, name in enumerate(self.workers_)}
        return np.array([known.get(name, UNKNOWN) for name in votes.workers], dtype=np.int64)


def gold_codes(votes: Votes, gold: np.ndarray | None) -> np.ndarray:
    """Return gold as (n_items,) class codes, all -1 for none; raises `BadVotes` where it does not fit the votes."""
    if gold is None:
        return np.full(len(votes.items), UNKNOWN)
    gold = np.asarray(gold)
    if gold.shape != (len(votes.items),) or not np.issubdtype(gold.dtype, np.integer):
        raise BadVotes(f"gold holds one class code for each of the {len(votes.items)} items, and -1 where unknown")
    if len(gold) and not -1 <= gold.min() <= gold.max() < len(votes.classes):
        raise BadVotes(f"gold codes run from -1 to {len(votes.classes) - 1}, not from {gold.min()} to {gold.max()}")
    return gold


def pinned(belief: np.ndarray, gold: np.ndarray, classes: int | None = None) -> np.ndarray:
    """Put certainty where gold knows the class: probabilities (n_items, columns) of `classes`, or of their subtypes."""
    known = gold >= 0
    if not known.any():
        return belief
    sure = belief.copy()
    possible = columns_of(gold[known], belief.shape[1], classes or belief.shape[1])
    weights = np.where(possible, np.maximum(belief[known], 1e-300), 0)
    sure[known] = weights / weights.sum(axis=1, keepdims=True)
    return sure


def columns_of(gold: np.ndarray, columns: int, classes: int) -> np.ndarray:
    """Return which columns belong to each gold class: (n_gold, columns) bool; a class's subtypes are adjacent.

    >>> columns_of(np.array([0, 1]), 4, 2).astype(int)
    array([[1, 1, 0, 0],
           [0, 0, 1, 1]])
    """
    return np.asarray(np.arange(columns) // (columns // classes) == gold[:, None])
