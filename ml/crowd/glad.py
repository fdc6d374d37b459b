"""GLAD: each worker's ability and each item's difficulty, by EM.

Source: Whitehill et al. 2009, NIPS 22, 2035: an answer is right with probability ``sigmoid(ability / difficulty)``;
a wrong one is any of the other classes alike. An abstention is no evidence.
"""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from ml.crowd.aggregator import UNKNOWN
from ml.crowd.em import EM, normalised
from ml.crowd.votes import Votes

EASIEST = 30.0


class Glad(EM):
    """Maximum a posteriori by EM over K classes, with a conjugate-gradient M-step.

    Ability and log ease have normal priors with mean 1 and standard deviation 1, classes a uniform one; these and the
    settings of the M-step are crowd-kit's. A step that does not reach its optimum still never lowers `history_`.

    Parameters
    ----------
    max_iter : int
        Rounds at most.
    tol : float
        Stop when no posterior moves by more.
    step_iter, step_tol : int, float
        Maximum conjugate-gradient steps per iteration; stop when no component of the gradient is larger.

    Attributes
    ----------
    skills_, skills_sd_ : (n_workers,) float array
        Ability: 0 is chance, negative is worse; standard deviation from the curvature at the optimum.
    difficulty_ : (n_items,) float array
        Positive; an item without a definite vote keeps the prior's, exp(-1).
    items_ : tuple of str
    """

    items_: tuple[str, ...]

    def __init__(self, max_iter: int = 100, tol: float = 1e-3, *, step_iter: int = 25, step_tol: float = 1e-2) -> None:
        super().__init__(max_iter, tol)
        self.step_iter = step_iter
        self.step_tol = step_tol

    def first_guess(self, votes: Votes) -> np.ndarray:
        self.items_ = votes.items
        self.prior_ = np.full(len(votes.classes), 1 / max(len(votes.classes), 1))
        self.skills_, self.log_ease_ = np.ones(len(votes.workers)), np.ones(len(votes.items))
        self.definite_ = votes.only(votes.definite)
        return normalised(self.joint(votes))

    def maximise(self, votes: Votes, belief: np.ndarray) -> None:
        said = self.definite_
        right = belief[said.item, said.answer]
        start = np.concatenate([self.skills_, self.log_ease_])
        settings = {"maxiter": self.step_iter, "gtol": self.step_tol}
        found = minimize(loss, start, args=(said, right), jac=True, method="CG", options=settings)
        self.skills_, self.log_ease_ = np.split(found.x, [len(self.skills_)])

    def joint(self, votes: Votes) -> np.ndarray:
        return log_votes(self.definite_, self.skills_, self.log_ease_, self.prior_)

    def log_prior(self) -> float:
        return -float(np.square(self.skills_ - 1).sum() + np.square(self.log_ease_ - 1).sum()) / 2

    def finish(self, votes: Votes) -> None:
        self.conclude(normalised(self.joint(votes)))
        said, ease = self.definite_, np.exp(self.log_ease_)
        chance = expit(self.skills_[said.worker] * ease[said.item])
        curvature = chance * (1 - chance) * np.square(ease[said.item])
        self.skills_sd_ = 1 / np.sqrt(1 + np.bincount(said.worker, weights=curvature, minlength=len(self.skills_)))
        self.difficulty_ = 1 / ease
        del self.definite_

    def predict(self, votes: Votes) -> np.ndarray:
        """Return posteriors (n_items, K) of other votes.

        An unknown worker has the mean ability; an unknown item, by name, the prior's difficulty.
        """
        rows = self.rows_of(votes)
        ability = np.where(rows == UNKNOWN, self.skills_.mean(), self.skills_[rows])
        known = dict(zip(self.items_, self.log_ease_, strict=True))
        ease = np.array([known.get(name, 1.0) for name in votes.items])
        return normalised(log_votes(votes.only(votes.definite), ability, ease, self.prior_))


def log_votes(said: Votes, ability: np.ndarray, log_ease: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Log P(definite votes of the item, class), (n_items, K)."""
    strength = ability[said.worker] * np.exp(np.minimum(log_ease, EASIEST))[said.item]
    right, wrong = -np.logaddexp(0, -strength), -np.logaddexp(0, strength) - np.log(max(len(prior) - 1, 1))
    cell, cells = said.item * len(prior) + said.answer, len(said.items) * len(prior)
    gain = np.bincount(cell, weights=right - wrong, minlength=cells).reshape(-1, len(prior))
    base = np.bincount(said.item, weights=wrong, minlength=len(said.items))
    return np.asarray(gain + base[:, None] + np.log(prior))


def loss(point: np.ndarray, said: Votes, right: np.ndarray) -> tuple[float, np.ndarray]:
    """Negative expected log posterior, and its gradient, at abilities and log eases concatenated in one array.

    `right` (n_votes,) is the probability that each definite vote is right, given the items' posteriors.
    """
    ability, log_ease = np.split(point, [len(said.workers)])
    ease = np.exp(np.minimum(log_ease, EASIEST))[said.item]
    able = ability[said.worker]
    strength = able * ease
    # log(1 + e^s) and σ(s) from one exponential that cannot overflow: logaddexp and expit take five times as long. In
    # place, since memory for each step anew would take as long again.
    tail = np.abs(strength)
    np.exp(np.negative(tail, out=tail), out=tail)
    chance = np.where(strength > 0, 1, tail)
    # right · log σ(s) + (1 - right) · log(1 - σ(s)), with one logarithm
    fit = (right * strength).sum() - np.maximum(strength, 0, out=strength).sum()
    tail += 1
    chance /= tail
    fit -= np.log(tail, out=tail).sum()
    slope = np.subtract(right, chance, out=chance)
    slope *= ease
    toward_ability = np.bincount(said.worker, weights=slope, minlength=len(ability)) - (ability - 1)
    slope *= able
    toward_ease = np.bincount(said.item, weights=slope, minlength=len(log_ease)) - (log_ease - 1)
    value = fit - (np.square(ability - 1).sum() + np.square(log_ease - 1).sum()) / 2
    return -float(value), -np.concatenate([toward_ability, toward_ease])
