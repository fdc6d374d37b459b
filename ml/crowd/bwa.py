"""BWA: a weighted average of the votes, each worker's weight learned with a prior.

Source: Li, Rubinstein & Cohn 2019, "Truth inference at scale: a Bayesian model for adjudicating highly redundant crowd
annotations", The World Wide Web Conference, 1028.
"""

from typing import Self

import numpy as np

from ml.crowd.aggregator import UNKNOWN, Aggregator, gold_codes, pinned
from ml.crowd.dawid_skene import soft_counts
from ml.crowd.majority import fractions_of
from ml.crowd.votes import Votes


class Bwa(Aggregator):
    """Bayesian weighted average: votes are normal deviates from an item's value, with a variance for each worker.

    For each class an item has a value between 0 and 1, with a normal prior about their mean; a vote for the class is a
    1, and any other definite one a 0. A worker's precision has a Gamma prior. Values and precisions are set in turn to
    the modes of their posteriors. Abstentions are left out.

    Parameters
    ----------
    strength : float
        Votes' worth of the crowd's variance that is added to every worker's.
    anchor : float
        Precision of the prior of the items' values.
    max_iter : int
        Rounds at most.
    tol : float
        Stop when no value moves by more.

    Attributes
    ----------
    posteriors_ : (n_items, K) float array
        The values, divided by their sum: fractions of the votes by weight, and never quite 0 or 1.
    skills_, skills_sd_ : (n_workers,) float array
        Precision of each worker, averaged over classes, and the standard deviation of its Gamma posterior.
    """

    def __init__(self, strength: float = 15.0, anchor: float = 1.0, max_iter: int = 500, tol: float = 1e-3) -> None:
        self.strength = strength
        self.anchor = anchor
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, votes: Votes, gold: np.ndarray | None = None) -> Self:
        known = gold_codes(votes, gold)
        self.remember(votes)
        counts = votes.counts()[:, :-1]
        values = fractions_of(counts)
        self.prior_rate_ = self.strength * self.crowd_variance(counts)
        for iteration in range(1, self.max_iter + 1):
            self.n_iter_ = iteration
            self.weigh(votes, pinned(values, known))
            before, values = values, averaged(votes, self.precision_, self.anchor * self.prior_, self.anchor)
            self.converged_ = bool(np.abs(values - before).max(initial=0) < self.tol)
            if self.converged_:
                break
        self.conclude(fractions_of(values))
        self.log_likelihood_ = float("nan")
        return self

    def crowd_variance(self, counts: np.ndarray) -> np.ndarray:
        """Return the mean variance of a vote about its item's fraction (K,), scaled to that of a coin for K = 2."""
        fractions, total = fractions_of(counts), counts.sum(axis=1)
        spread = total @ (fractions * (1 - fractions)) / max(total.sum(), 1)
        return np.maximum(spread * 4 * (1 - 1 / counts.shape[1]), 1e-10)

    def weigh(self, votes: Votes, values: np.ndarray) -> None:
        """Set the prior mean of the values (n_items, K), and each worker's precision."""
        self.prior_ = values.mean(axis=0)
        answers, squares = soft_counts(votes, values), soft_counts(votes, values**2)[:, :, :-1].sum(axis=2)
        given = soft_counts(votes, np.ones((len(votes.items), 1)))[:, 0, :-1]
        errors = squares - 2 * np.diagonal(answers, axis1=1, axis2=2) + given
        shape = self.strength + given.sum(axis=1, keepdims=True)
        self.precision_ = shape / (self.prior_rate_ + np.maximum(errors, 0))
        self.skills_ = self.precision_.mean(axis=1)
        self.skills_sd_ = self.skills_ * np.sqrt(2 / shape[:, 0])

    def predict(self, votes: Votes) -> np.ndarray:
        """Return values (n_items, K) of other votes; an unknown worker has the mean precision."""
        rows = self.rows_of(votes)
        precision = np.where((rows == UNKNOWN)[:, None], self.precision_.mean(axis=0), self.precision_[rows])
        return fractions_of(averaged(votes, precision, self.anchor * self.prior_, self.anchor))


def averaged(votes: Votes, precision: np.ndarray, start: np.ndarray, anchor: float) -> np.ndarray:
    """Return (start + Σ precision of votes for the class) / (anchor + Σ precision of all), (n_items, K).

    `precision` is (n_workers, K), `start` (K,).
    """
    classes = len(votes.classes)
    of_class = np.eye(classes + 1, classes)
    definite = np.where(np.arange(classes + 1) < classes, 1.0, 0.0)[:, None]
    chosen, asked = ((precision[:, None, :] * mask).reshape(-1, classes) for mask in (of_class, definite))
    return np.asarray((start + votes.incidence @ chosen) / (anchor + votes.incidence @ asked))
