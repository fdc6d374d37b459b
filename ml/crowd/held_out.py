"""How well a method predicts votes that it has not seen."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from ml.crowd.aggregator import Aggregator
from ml.crowd.dawid_skene import soft_counts
from ml.crowd.majority import Majority
from ml.crowd.tempering import HOTTEST, tempered
from ml.crowd.votes import Votes

FOLDS = 5
ENOUGH_VOTES = 50_000
SHRINKAGE = 2.0
"""Votes' worth of the crowd's confusion matrix, for workers of a method without matrices of its own."""

Method = Callable[[], Aggregator]


@dataclass(frozen=True)
class Fold:
    """Held-out votes, and what a method fitted to the others makes of them: posteriors and confusion matrices."""

    votes: Votes
    posteriors: np.ndarray
    confusion: np.ndarray

    def score(self, temperature: float) -> np.ndarray:
        """Return the log-likelihood of each item's held-out votes in nats (n_items,), with tempered posteriors."""
        chances = log_chance(self.votes, tempered(self.posteriors, temperature), self.confusion)
        return np.bincount(self.votes.item, weights=chances, minlength=len(self.posteriors))


def held_out_score(method: Method, votes: Votes, gold: np.ndarray | None = None, seed: int = 0) -> np.ndarray:
    """Return the log-likelihood of each item's held-out votes in nats (n_items,).

    A fifth of the votes at a time is held out; only one fifth if there are more than 50,000 votes. Posteriors are
    tempered with the one temperature at which they predict best, since some methods are more overconfident than others.
    """
    fold = np.random.default_rng(seed).permutation(len(votes.item)) % FOLDS
    folds = []
    for number in range(rounds(votes)):
        train = votes.only(fold != number)
        model = method().fit(train, gold)
        folds.append(Fold(votes.only(fold == number), model.posteriors_, matrices_of(model, train)))

    def score(log_temperature: float) -> np.ndarray:
        return np.sum([each.score(float(np.exp(log_temperature))) for each in folds], axis=0)

    bounds, settings = (0.0, np.log(HOTTEST)), {"xatol": 0.02}
    best = minimize_scalar(lambda each: -score(each).sum(), bounds=bounds, method="bounded", options=settings)
    return score(best.x)


def rounds(votes: Votes) -> int:
    """Return how many fifths of the votes are held out, one after the other."""
    return FOLDS if len(votes.item) <= ENOUGH_VOTES else 1


def matrices_of(model: Aggregator, votes: Votes) -> np.ndarray:
    """Return P(answer | class) (n_workers, K, K + 1): the model's own, or as its posteriors imply.

    To a majority everybody is alike. To other methods without matrices, each worker's is shrunk towards the crowd's.
    """
    own = getattr(model, "confusion_", None)
    if own is not None:
        return np.asarray(own)
    counts = soft_counts(votes, model.posteriors_)
    crowd = counts.sum(axis=0) + 1
    crowd = crowd / crowd.sum(axis=1, keepdims=True)
    if isinstance(model, Majority):
        return np.broadcast_to(crowd, counts.shape)
    shrunk = counts + SHRINKAGE * crowd
    return np.asarray(shrunk / shrunk.sum(axis=2, keepdims=True))


def log_chance(votes: Votes, posteriors: np.ndarray, confusion: np.ndarray) -> np.ndarray:
    """Log P(answer) of each vote (n_votes,), over its item's possible classes."""
    chance = np.einsum("nk,nk->n", posteriors[votes.item], confusion[votes.worker, :, votes.answer])
    return np.asarray(np.log(np.maximum(chance, 1e-300)))
