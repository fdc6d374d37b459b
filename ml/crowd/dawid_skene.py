"""Dawid–Skene: everybody's confusion matrix and every item's class, learned together.

Source: Dawid & Skene 1979, Applied Statistics 28, 20. Abstentions are one more answer, which a class may draw more
often than another.
"""

import numpy as np
from scipy.special import logsumexp

from ml.crowd.majority import shares
from ml.crowd.votes import Votes


class DawidSkene:
    """Expectation–maximisation over K classes.

    Parameters
    ----------
    smoothing : float
        Added to every cell of every confusion matrix before it is normalised; keeps probabilities off 0.
    max_iter : int
        Rounds at most.
    tol : float
        Stop when no posterior moves by more.
    shrinkage : float
        Votes' worth of the whole crowd's confusion matrix that is added to everybody's, row by row. It keeps
        people with few votes from being taken for oracles or liars.
    temper : float in 0..1
        Weight of each vote in the final posteriors. People err on the same items, so that their votes are not the
        independent evidence that the model takes them for; below 1, posteriors are less sure of themselves.

    Attributes
    ----------
    posteriors_ : (n_items, K) float array
    prior_ : (K,) float array
        Share of each class.
    confusion_ : (n_workers, K, K + 1) float array
        P(answer | class) of each worker; the last column is the abstention.
    workers_ : tuple of str
        Names, in the order of `confusion_`.
    log_likelihood_ : float
    n_iter_ : int
    """

    def __init__(
        self,
        smoothing: float = 0.01,
        max_iter: int = 100,
        tol: float = 1e-3,
        *,
        shrinkage: float = 0.0,
        temper: float = 1.0,
    ) -> None:
        self.smoothing = smoothing
        self.max_iter = max_iter
        self.tol = tol
        self.shrinkage = shrinkage
        self.temper = temper

    def fit(self, votes: Votes) -> "DawidSkene":
        posteriors = shares(votes.counts()[:, :-1])
        self.workers_ = votes.workers
        for iteration in range(1, self.max_iter + 1):
            self.n_iter_ = iteration
            self.prior_ = posteriors.mean(axis=0)
            self.confusion_ = estimate_confusion(votes, posteriors, self.smoothing, self.shrinkage)
            before = posteriors
            posteriors, self.log_likelihood_ = estimate_classes(votes, self.prior_, self.confusion_)
            if np.abs(posteriors - before).max() < self.tol:
                break
        self.posteriors_ = estimate_classes(votes, self.prior_, self.confusion_, self.temper)[0]
        return self

    def predict(self, votes: Votes) -> np.ndarray:
        """Return posteriors (n_items, K) of other votes; a worker not seen before counts as the average one."""
        known = {name: row for row, name in enumerate(self.workers_)}
        average = self.confusion_.mean(axis=0)
        rows = [self.confusion_[known[name]] if name in known else average for name in votes.workers]
        return estimate_classes(votes, self.prior_, np.array(rows), self.temper)[0]


def estimate_confusion(votes: Votes, posteriors: np.ndarray, smoothing: float, shrinkage: float = 0.0) -> np.ndarray:
    """M-step: P(answer | class) of each worker, from the classes the items are thought to have."""
    counts = soft_counts(votes, posteriors)
    crowd = counts.sum(axis=0) + smoothing
    counts += smoothing + shrinkage * crowd / crowd.sum(axis=1, keepdims=True)
    return counts / counts.sum(axis=2, keepdims=True)


def soft_counts(votes: Votes, posteriors: np.ndarray) -> np.ndarray:
    """Count answers by worker and class, each vote shared by the classes of its item: (n_workers, K, K + 1)."""
    classes = posteriors.shape[1]
    cell = votes.worker * (classes + 1) + votes.answer
    cells = len(votes.workers) * (classes + 1)
    weights = posteriors[votes.item]
    columns = [np.bincount(cell, weights=weights[:, k], minlength=cells) for k in range(classes)]
    return np.stack(columns).reshape(classes, len(votes.workers), classes + 1).transpose(1, 0, 2)


def estimate_classes(
    votes: Votes, prior: np.ndarray, confusion: np.ndarray, temper: float = 1.0
) -> tuple[np.ndarray, float]:
    """E-step: posteriors (n_items, K) and the log-likelihood of all votes.

    Products of hundreds of small probabilities underflow, so logarithms are summed, and the largest is taken out
    before they are exponentiated.
    """
    evidence = temper * np.log(confusion)[votes.worker, :, votes.answer]
    items = len(votes.items)
    summed = [np.bincount(votes.item, weights=evidence[:, k], minlength=items) for k in range(len(prior))]
    # A class that lost all its items keeps a vanishing prior instead of the logarithm of 0.
    joint = np.stack(summed, axis=1) + np.log(np.maximum(prior, 1e-300))
    total = logsumexp(joint, axis=1, keepdims=True)
    return np.exp(joint - total), float(total.sum())
