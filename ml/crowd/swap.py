"""SWAP: the posterior of a subject from its votes, each weighted by the voter's skill (Marshall et al. 2016).

Source: Marshall et al. 2016, MNRAS 455, 1171 (Space Warps), equations 4 to 6; here with abstentions as a third answer.
"""

from typing import Self

import numpy as np
from scipy.special import expit, logit

from ml.crowd.aggregator import UNKNOWN, Aggregator, gold_codes
from ml.crowd.dawid_skene import joint_of, soft_counts
from ml.crowd.em import at_gold, split
from ml.crowd.information import expected_information, information_sd
from ml.crowd.majority import fractions_of
from ml.crowd.skill import class_rates, floored, newcomer_counts
from ml.crowd.uncertainty import dirichlet_sd
from ml.crowd.votes import BadVotes, Votes

CERTAINTY = 1e-6


def posterior(prior: float | np.ndarray, votes: Votes, skills: np.ndarray) -> np.ndarray:
    """Return the probability of the second class.

    Parameters
    ----------
    prior : float or (n_items,) array in 0..1
    votes : Votes of two classes
    skills : (n_workers, 2, 3) array
        P(answer | class), answers (first class, second class, abstention).

    Returns
    -------
    (n_items,) float array
        Between `CERTAINTY` and 1 - `CERTAINTY`; the prior for an item without votes. The order of the votes does not
        matter.
    """
    evidence = np.log(skills[:, 1] / skills[:, 0])[votes.worker, votes.answer]
    summed = np.bincount(votes.item, weights=evidence, minlength=len(votes.items))
    return certain_enough(expit(log_odds(prior) + summed))


def log_odds(prior: float | np.ndarray) -> np.ndarray:
    """Return logit(prior), clipped away from ±∞; any shape."""
    return logit(certain_enough(prior))


def certain_enough(probability: float | np.ndarray) -> np.ndarray:
    """Clip probabilities, of any shape, away from 0 and 1, from which no later vote could recover."""
    return np.clip(probability, CERTAINTY, 1 - CERTAINTY)


class Swap(Aggregator):
    """SWAP over all votes at once, with or without gold.

    Supervised, with gold: skills are learned from the gold items only, as on the site. Unsupervised, without: they are
    learned from the items' posteriors, iterated from the majority. Every fit starts afresh, and only a worker's last
    vote on an item counts, so no vote is used twice.

    Parameters
    ----------
    coins : {1, 2}
        One skill for both classes, or one for each.
    prior : float in 0..1
        Prior of the second class. It is fixed, as in Space Warps: estimated from few votes, it runs to 0 or 1.
    max_iter, tol : int, float
        Maximum iterations; stop when no posterior moves by more.

    Attributes
    ----------
    posteriors_ : (n_items, 2) float array
    confusion_, confusion_sd_, alpha_ : (n_workers, 2, 3) float array
        P(answer | class), its standard deviation, and the Dirichlet parameters behind it.
    skills_, skills_sd_ : (n_workers,) float array
        Expected information gain of an answer in bits, 0 to 1, and its standard deviation.
    """

    confusion_: np.ndarray
    confusion_sd_: np.ndarray
    alpha_: np.ndarray

    def __init__(self, coins: int = 2, prior: float = 0.5, max_iter: int = 100, tol: float = 1e-4) -> None:
        self.coins = coins
        self.prior = prior
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, votes: Votes, gold: np.ndarray | None = None) -> Self:
        """Fit to votes of two classes, else `BadVotes`; `gold` holds class codes (n_items,), -1 where unknown."""
        if len(votes.classes) != 2:
            raise BadVotes(f"SWAP weighs two classes, and these votes have {len(votes.classes)}")
        known, votes = gold_codes(votes, gold), votes.once()
        self.remember(votes)
        self.prior_ = np.array([1 - self.prior, self.prior])
        belief = fractions_of(votes.counts()[:, :-1])
        for iteration in range(1, self.max_iter + 1):
            self.n_iter_, supervised = iteration, bool((known >= 0).any())
            self.learn(votes, both_sides(known) if supervised else belief)
            before, belief = belief, self.weigh(votes, self.confusion_)
            self.converged_ = supervised or bool(np.abs(belief - before).max(initial=0) < self.tol)
            if self.converged_:
                break
        self.finish(votes, belief, known)
        return self

    def learn(self, votes: Votes, belief: np.ndarray) -> None:
        """Fit the workers' skills to posteriors (n_items, 2); an item of weight 0 teaches nothing."""
        counts = soft_counts(votes, belief)
        self.alpha_ = counts + newcomer_counts(abstentions=1)
        if self.coins == 2:
            self.alpha_ = class_rates(counts) * self.alpha_.sum(axis=2, keepdims=True)
        self.confusion_ = floored(one_coin_counts(self.alpha_) if self.coins == 1 else self.alpha_)

    def finish(self, votes: Votes, belief: np.ndarray, known: np.ndarray) -> None:
        self.conclude(belief)
        half = np.full(2, 0.5)
        self.skills_ = expected_information(self.confusion_, half)
        self.skills_sd_ = information_sd(self.alpha_, half)
        self.confusion_sd_ = dirichlet_sd(self.alpha_)
        joint = joint_of(votes, self.prior_, self.confusion_)
        self.log_likelihood_ = float(split(at_gold(joint, known, 2))[1].sum())

    def predict(self, votes: Votes) -> np.ndarray:
        """Return posteriors (n_items, 2) of other votes; an unknown worker is a newcomer."""
        rows = self.rows_of(votes)
        newcomer = floored(newcomer_counts(abstentions=1))
        return self.weigh(votes.once(), np.where((rows == UNKNOWN)[:, None, None], newcomer, self.confusion_[rows]))

    def weigh(self, votes: Votes, skills: np.ndarray) -> np.ndarray:
        """Return posteriors (n_items, 2) of votes, with skills as in `posterior`."""
        belief = posterior(self.prior, votes, skills)
        return np.stack([1 - belief, belief], axis=1)


def both_sides(gold: np.ndarray) -> np.ndarray:
    """Turn class codes into (n_items, 2) weights: 1 for the known class, 0 for unknown items."""
    return np.stack([gold == 0, gold == 1], axis=1).astype(float)


def one_coin_counts(both: np.ndarray) -> np.ndarray:
    """Pool the counts (n_workers, 2, 3) of both classes: right, wrong and silent answers count alike for either."""
    right, wrong = both[:, 0, 0] + both[:, 1, 1], both[:, 0, 1] + both[:, 1, 0]
    silent = both[:, :, 2:].sum(axis=1)
    rows = [np.column_stack([right, wrong, silent]), np.column_stack([wrong, right, silent])]
    return np.stack(rows, axis=1)
