"""IBCC: Dawid–Skene with priors, its confusion matrices integrated out by variational Bayes.

Source: Kim & Ghahramani 2012, AISTATS, PMLR 22, 619, for the model; Simpson, Roberts, Psorakis & Smith 2013, "Dynamic
Bayesian combination of multiple imperfect classifiers", for its variational equations. An abstention is one more
answer.
"""

import numpy as np
from scipy.special import digamma, gammaln

from ml.crowd.dawid_skene import FLOOR, DawidSkene, soft_counts
from ml.crowd.votes import Votes

LOWEST = -690.0
"""The logarithm of about 1e-300."""


class Ibcc(DawidSkene):
    """Independent Bayesian classifier combination over K classes, by mean-field variational Bayes.

    A worker with few votes has an uncertain confusion matrix, and so weighs less than under maximum likelihood.

    Parameters
    ----------
    right, wrong : float
        Pseudo-counts of every worker's right answer, and of each wrong one, to items of each class. Abstentions get the
        share that they have among all votes.
    evenness : float
        Pseudo-count of each class in the Dirichlet prior of the classes' prior.
    max_iter, tol
        As in `DawidSkene`.

    Attributes
    ----------
    alpha_ : (n_workers, K, K + 1) float array
        Dirichlet posteriors of the confusion matrices; `confusion_` is their mean.
    log_likelihood_ : float
        The evidence lower bound, in nats: at most the logarithm of the votes' probability.
    history_ : (n_iter_,) float array
        The bound after each iteration. It never falls.
    """

    def __init__(
        self, right: float = 4.0, wrong: float = 1.0, evenness: float = 1.0, max_iter: int = 200, tol: float = 1e-3
    ) -> None:
        super().__init__(max_iter=max_iter, tol=tol)
        self.right = right
        self.wrong = wrong
        self.evenness = evenness

    def maximise(self, votes: Votes, belief: np.ndarray) -> None:
        """Update the Dirichlet posteriors, given those of the items (n_items, K)."""
        self.pseudo_ = self.pseudo_rows(votes)
        self.alpha_ = soft_counts(votes, belief) + self.pseudo_
        self.prior_alpha_ = self.evenness + belief.sum(axis=0)

    def pseudo_rows(self, votes: Votes) -> np.ndarray:
        """Return every worker's pseudo-counts (K, K + 1)."""
        rows = np.where(np.eye(len(votes.classes), dtype=bool), self.right, self.wrong)
        spoken = (votes.definite.sum() + 1) / (len(votes.item) + 1)
        silent = rows.sum(axis=1) * (1 - spoken) / spoken
        return np.column_stack([rows, np.maximum(silent, FLOOR)])

    def class_prior(self) -> np.ndarray:
        return np.exp(expected_log(self.prior_alpha_))

    def likelihoods(self) -> np.ndarray:
        return np.exp(expected_log(self.alpha_))

    def log_prior(self) -> float:
        return -divergence(self.alpha_, self.pseudo_) - divergence(self.prior_alpha_, self.evenness)

    def finish(self, votes: Votes) -> None:
        self.log_likelihood_ = float(self.history_[-1])
        self.prior_ = self.prior_alpha_ / self.prior_alpha_.sum()
        self.confusion_ = self.alpha_ / self.alpha_.sum(axis=2, keepdims=True)
        super().finish(votes)


def expected_log(alpha: np.ndarray) -> np.ndarray:
    """Return E[log p] of Dirichlet distributions along the last axis, same shape, at least `LOWEST`.

    >>> expected_log(np.array([1.0, 1.0]))
    array([-1., -1.])
    """
    return np.asarray(np.maximum(digamma(alpha) - digamma(alpha.sum(axis=-1, keepdims=True)), LOWEST))


def divergence(alpha: np.ndarray, prior: np.ndarray | float) -> float:
    """Kullback–Leibler divergence of Dirichlet distributions along the last axis from their priors, summed, in nats.

    `alpha` and `prior` are above 0 and of broadcastable shapes.

    >>> round(divergence(np.array([2.0, 1.0]), 1.0), 6)  # of the density 2p from 1: log 2 - 1/2
    0.193147
    """
    prior = np.broadcast_to(prior, alpha.shape)
    totals = gammaln(alpha.sum(axis=-1)) - gammaln(prior.sum(axis=-1))
    cells = (alpha - prior) * expected_log(alpha) - gammaln(alpha) + gammaln(prior)
    return float(totals.sum() + cells.sum())
