"""EBCC: IBCC with subtypes of each class, on which workers err together.

Source: Li, Rubinstein & Cohn 2019, "Exploiting worker correlation for label aggregation in crowdsourcing", ICML, PMLR
97, 3886.
"""

import numpy as np

from ml.crowd.dawid_skene import soft_counts
from ml.crowd.ibcc import Ibcc, divergence, expected_log
from ml.crowd.majority import fractions_of
from ml.crowd.votes import Votes


class Ebcc(Ibcc):
    """Enhanced Bayesian classifier combination over K classes, by mean-field variational Bayes.

    Each item has a class and one of its subtypes; each worker has a row of P(answer) for each subtype. Given only the
    class, answers are correlated: some items are hard for everybody.

    Parameters
    ----------
    subtypes : int
        Of each class, at most; superfluous ones stay empty.
    concentration : float
        Pseudo-counts of all subtypes of a class together. Small numbers favour few subtypes.
    seed : int
        Of the random subtypes at the start.
    right, wrong, evenness, max_iter, tol
        As in `Ibcc`.

    Attributes
    ----------
    confusion_, confusion_sd_, alpha_ : (n_workers, K, K + 1) float array
        By class, over its subtypes.
    subtype_alpha_ : (n_workers, K · subtypes, K + 1) float array
        Dirichlet posteriors by subtype; those of one class are adjacent.
    """

    def __init__(
        self,
        subtypes: int = 3,
        concentration: float = 0.1,
        seed: int = 0,
        *,
        right: float = 4.0,
        wrong: float = 1.0,
        evenness: float = 1.0,
        max_iter: int = 200,
        tol: float = 1e-3,
    ) -> None:
        super().__init__(right, wrong, evenness, max_iter, tol)
        self.subtypes = subtypes
        self.concentration = concentration
        self.seed = seed

    def first_guess(self, votes: Votes) -> np.ndarray:
        """Divide the votes' fractions randomly among the subtypes, alike for all classes."""
        fractions = fractions_of(votes.counts()[:, :-1])
        parts = np.random.default_rng(self.seed).dirichlet(np.ones(self.subtypes), len(fractions))
        return np.asarray((fractions[:, :, None] * parts[:, None, :]).reshape(len(fractions), -1))

    def maximise(self, votes: Votes, belief: np.ndarray) -> None:
        self.pseudo_ = np.repeat(self.pseudo_rows(votes), self.subtypes, axis=0)
        self.subtype_alpha_ = soft_counts(votes, belief) + self.pseudo_
        within = belief.sum(axis=0).reshape(-1, self.subtypes)
        self.prior_alpha_ = self.evenness + within.sum(axis=1)
        self.part_alpha_ = self.concentration / self.subtypes + within

    def class_prior(self) -> np.ndarray:
        """Return the prior of each subtype (K · subtypes,)."""
        return np.exp(expected_log(self.prior_alpha_)[:, None] + expected_log(self.part_alpha_)).ravel()

    def likelihoods(self) -> np.ndarray:
        return np.exp(expected_log(self.subtype_alpha_))

    def by_class(self, columns: np.ndarray) -> np.ndarray:
        return np.asarray(columns.reshape(len(columns), -1, self.subtypes).sum(axis=2))

    def log_prior(self) -> float:
        parts = divergence(self.part_alpha_, self.concentration / self.subtypes)
        shared = divergence(self.prior_alpha_, self.evenness)
        return -divergence(self.subtype_alpha_, self.pseudo_) - shared - parts

    def finish(self, votes: Votes) -> None:
        self.alpha_ = soft_counts(votes, self.predict(votes)) + self.pseudo_rows(votes)
        super().finish(votes)
