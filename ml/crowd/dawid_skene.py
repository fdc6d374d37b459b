"""Dawid–Skene: every worker's confusion matrix and every item's class, by EM.

Source: Dawid & Skene 1979, Applied Statistics 28, 20. An abstention is one more answer, whose rate may depend on the
class.
"""

import numpy as np
from scipy.special import xlogy

from ml.crowd.aggregator import UNKNOWN
from ml.crowd.em import EM, normalised
from ml.crowd.majority import fractions_of
from ml.crowd.uncertainty import dirichlet_sd, label_interval
from ml.crowd.votes import Votes

FLOOR = 1e-10


class DawidSkene(EM):
    """Maximum a posteriori by EM over K classes.

    Parameters
    ----------
    smoothing : float
        Added to every cell of every confusion matrix before it is normalised, to keep probabilities off 0. It is a
        Dirichlet prior of 1 + smoothing on each row. With 0, cells are clipped at 1e-10 of a vote instead.
    max_iter : int
        Rounds at most.
    tol : float
        Stop when no posterior moves by more.
    shrinkage : float
        Votes' worth of the whole crowd's confusion matrix that is added to everybody's, row by row. It keeps
        people with few votes from being taken for oracles or liars. This prior is learned along the way, so with it
        `history_` may dip.
    pseudo_counts : (K, K + 1) float array, optional
        A Dirichlet prior of one's own: answers (columns, abstentions last) to items of each class (rows) that every
        worker is taken to have given already.

    Attributes
    ----------
    confusion_ : (n_workers, K, K + 1) float array
        P(answer | class) of each worker; the last column is the abstention.
    confusion_sd_ : same shape
        Standard deviations of its Dirichlet posterior.
    alpha_ : same shape
        That posterior's parameters: counts and pseudo-counts.
    skills_, skills_sd_ : (n_workers,) float array
        Accuracy of definite answers, averaged over classes, and its standard deviation.
    """

    confusion_: np.ndarray
    confusion_sd_: np.ndarray
    alpha_: np.ndarray

    def __init__(
        self,
        smoothing: float = 0.01,
        max_iter: int = 100,
        tol: float = 1e-3,
        *,
        shrinkage: float = 0.0,
        pseudo_counts: np.ndarray | None = None,
    ) -> None:
        super().__init__(max_iter, tol)
        self.smoothing = smoothing
        self.shrinkage = shrinkage
        self.pseudo_counts = pseudo_counts

    def first_guess(self, votes: Votes) -> np.ndarray:
        return fractions_of(votes.counts()[:, :-1])

    def maximise(self, votes: Votes, belief: np.ndarray) -> None:
        self.prior_ = belief.mean(axis=0)
        counts = soft_counts(votes, belief)
        self.pseudo_ = self.pseudo(counts)
        self.alpha_ = np.maximum(counts + self.pseudo_, FLOOR)
        self.confusion_ = self.alpha_ / self.alpha_.sum(axis=2, keepdims=True)

    def pseudo(self, counts: np.ndarray) -> np.ndarray:
        """Return the pseudo-counts (K, K + 1), the prior of every worker."""
        own = self.smoothing + (0 if self.pseudo_counts is None else np.asarray(self.pseudo_counts, float))
        crowd = np.maximum(counts.sum(axis=0) + own, FLOOR)
        return np.asarray(own + self.shrinkage * crowd / crowd.sum(axis=1, keepdims=True))

    def joint(self, votes: Votes) -> np.ndarray:
        return joint_of(votes, self.class_prior(), self.likelihoods())

    def class_prior(self) -> np.ndarray:
        """Return the prior of each class (K,)."""
        return self.prior_

    def likelihoods(self) -> np.ndarray:
        """Return P(answer | class) of each worker, as it weighs in posteriors (n_workers, K, K + 1)."""
        return self.confusion_

    def log_prior(self) -> float:
        return float(xlogy(self.pseudo_, self.confusion_).sum())

    def finish(self, votes: Votes) -> None:
        self.conclude(self.by_class(normalised(self.joint(votes))))
        self.confusion_sd_ = dirichlet_sd(self.alpha_)
        self.skills_, self.skills_sd_ = balanced_accuracy(self.alpha_)

    def predict(self, votes: Votes) -> np.ndarray:
        """Return posteriors (n_items, K) of other votes; an unknown worker counts as the average one."""
        rows, known = self.rows_of(votes), self.likelihoods()
        table = np.where((rows == UNKNOWN)[:, None, None], known.mean(axis=0), known[rows])
        return self.by_class(normalised(joint_of(votes, self.class_prior(), table)))

    def interval(self, votes: Votes, level: float = 0.95) -> np.ndarray:
        """Return credible intervals (n_items, K, 2) of the posteriors of the fitted votes; see `label_interval`."""
        return label_interval(votes, self.posteriors_, self.alpha_, level)


def soft_counts(votes: Votes, posteriors: np.ndarray) -> np.ndarray:
    """Count answers by worker and class, each vote split by its item's posterior: (n_workers, K, K + 1).

    With a column for each subtype instead of each class (n_items, columns) it counts by subtype.
    """
    table = votes.incidence.T @ posteriors
    answers = len(votes.classes) + 1
    return np.asarray(table.reshape(len(votes.workers), answers, posteriors.shape[1]).transpose(0, 2, 1))


def joint_of(votes: Votes, prior: np.ndarray, confusion: np.ndarray) -> np.ndarray:
    """Log P(votes of the item, class), (n_items, K)."""
    table = np.log(confusion).transpose(0, 2, 1).reshape(-1, len(prior))
    # A class that lost all its items keeps a vanishing prior instead of the logarithm of 0.
    return np.asarray(votes.incidence @ table + np.log(np.maximum(prior, 1e-300)))


def balanced_accuracy(alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean accuracy of definite answers over the classes, and its standard deviation, (n_workers,)."""
    definite = alpha[:, :, :-1]
    right = np.diagonal(definite / definite.sum(axis=2, keepdims=True), axis1=1, axis2=2)
    spread = np.diagonal(dirichlet_sd(definite), axis1=1, axis2=2)
    return right.mean(axis=1), np.sqrt(np.square(spread).sum(axis=1)) / alpha.shape[1]
