"""Majority vote, plain or weighted by each worker's agreement."""

from typing import Self

import numpy as np

from ml.crowd.aggregator import UNKNOWN, Aggregator, gold_codes, pinned
from ml.crowd.uncertainty import dirichlet_sd
from ml.crowd.votes import Votes


class Majority(Aggregator):
    """Fractions of the definite votes.

    Abstentions are left out of the fractions. Gold changes none: it only tells how good the workers are.

    Parameters
    ----------
    smoothing : float
        Votes added to every item, divided equally among the classes, so that one vote is no certainty.

    Attributes
    ----------
    posteriors_ : (n_items, K) float array
        Equal for all classes without a definite vote.
    skills_, skills_sd_ : (n_workers,) float array
        Fraction of a worker's definite answers that equal their items' leading one (or gold), and its standard error.
    log_likelihood_ : float
        NaN: a majority has no model of the votes.
    """

    def __init__(self, smoothing: float = 0.0) -> None:
        self.smoothing = smoothing

    def fit(self, votes: Votes, gold: np.ndarray | None = None) -> Self:
        known = gold_codes(votes, gold)
        self.remember(votes)
        self.skills_, self.skills_sd_ = agreement(votes, pinned(leading(fractions_of(votes.counts()[:, :-1])), known))
        self.conclude(self.predict(votes))
        self.prior_ = self.posteriors_.mean(axis=0)
        self.log_likelihood_, self.n_iter_, self.converged_ = float("nan"), 1, True
        return self

    def predict(self, votes: Votes) -> np.ndarray:
        """Return the fractions (n_items, K); abstentions do not count."""
        return fractions_of(votes.counts()[:, :-1] + self.smoothing / len(votes.classes))


class WeightedMajority(Aggregator):
    """A majority with each worker weighted by their agreement with the plain majority, or with gold.

    If m answers are tied, agreeing with one of them counts 1/m.

    Source: "worker agreement with aggregate" (Wawa), as in Appen's and Toloka's systems; crowd-kit's `Wawa` picks one
    of the tied answers instead.

    Parameters
    ----------
    smoothing : float
        Pseudo-counts of agreement and disagreement for every worker, so that one lucky answer does not get full weight.

    Attributes
    ----------
    skills_, skills_sd_ : (n_workers,) float array
        The weights, and their standard deviations; NaN for workers without a definite answer.
    """

    def __init__(self, smoothing: float = 0.0) -> None:
        self.smoothing = smoothing

    def fit(self, votes: Votes, gold: np.ndarray | None = None) -> Self:
        known = gold_codes(votes, gold)
        self.remember(votes)
        target = pinned(leading(fractions_of(votes.counts()[:, :-1])), known)
        if (known >= 0).any():
            target[known < 0] = np.nan
        self.skills_, self.skills_sd_ = agreement(votes, target, self.smoothing)
        self.conclude(self.predict(votes))
        self.prior_ = self.posteriors_.mean(axis=0)
        self.log_likelihood_, self.n_iter_, self.converged_ = float("nan"), 1, True
        return self

    def predict(self, votes: Votes) -> np.ndarray:
        """Return weighted fractions (n_items, K); a worker who is new, or never on gold, has the mean weight."""
        rows = self.rows_of(votes)
        known = self.skills_[np.isfinite(self.skills_)]
        weights = np.where(rows == UNKNOWN, np.nan, self.skills_[rows])
        weights = np.where(np.isfinite(weights), weights, known.mean() if len(known) else 1.0)
        per_cell = np.repeat(weights, len(votes.classes) + 1)
        classes = np.tile(np.eye(len(votes.classes) + 1)[:, :-1], (len(weights), 1))
        return fractions_of(votes.incidence @ (per_cell[:, None] * classes))


def leading(belief: np.ndarray) -> np.ndarray:
    """Put all weight (n, K) on the leading class, split equally in a tie."""
    return fractions_of(belief >= belief.max(axis=1, keepdims=True) - 1e-12)


def agreement(votes: Votes, target: np.ndarray, smoothing: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Fraction of definite answers that agree with a target (n_items, K), without NaN rows, and its standard deviation.

    Both (n_workers,), NaN for workers without such an answer and without smoothing.
    """
    asked = votes.definite & np.isfinite(target[votes.item, 0])
    right = target[votes.item[asked], votes.answer[asked]]
    workers = len(votes.workers)
    hits = np.bincount(votes.worker[asked], weights=right, minlength=workers)
    total = np.bincount(votes.worker[asked], minlength=workers)
    beta = np.stack([hits, total - hits], axis=1) + smoothing
    sums = beta.sum(axis=1)
    return np.divide(beta[:, 0], sums, out=np.full(workers, np.nan), where=sums > 0), dirichlet_sd(beta)[:, 0]


def fractions_of(counts: np.ndarray) -> np.ndarray:
    """Divide (n, K) counts by their sums; rows without any become uniform.

    >>> fractions_of(np.array([[1, 3], [0, 0]]))
    array([[0.25, 0.75],
           [0.5 , 0.5 ]])
    """
    total = counts.sum(axis=1, keepdims=True)
    return np.where(total > 0, counts / np.maximum(total, 1e-300), 1 / counts.shape[1])
