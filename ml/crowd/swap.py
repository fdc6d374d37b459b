"""SWAP: what the votes on a subject say, each weighed by the skill of the one who gave it.

Source: Marshall et al. 2016, MNRAS 455, 1171 (Space Warps), equations 4 to 6; here with unsure as a third answer.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import expit, logit

from ml.crowd.dawid_skene import soft_counts
from ml.crowd.majority import shares
from ml.crowd.skill import Skill, floored, newcomer_counts, skill_one_coin, skill_two_coin
from ml.crowd.votes import Votes

__all__ = ["Skill", "Swap", "posterior", "skill_one_coin", "skill_two_coin", "subject_posterior"]

CERTAINTY = 1e-6


def subject_posterior(prior: float, answers: Sequence[str], skills: Sequence[Skill]) -> float:
    """Probability that one subject is a "yes".

    Parameters
    ----------
    prior : float in 0..1
    answers : sequence of "yes", "no" or "unsure"
    skills : sequence of Skill
        Of whoever gave each answer.

    Returns
    -------
    float
        Between `CERTAINTY` and 1 - `CERTAINTY`; the order of the votes does not matter.

    Raises
    ------
    ValueError
        For an unknown answer, or lengths that differ.

    Examples
    --------
    >>> expert = skill_one_coin(correct=18, total=20)
    >>> round(subject_posterior(0.5, ["yes", "unsure", "yes"], [expert] * 3), 3)
    0.977
    """
    evidence = sum(skill.evidence(answer) for answer, skill in zip(answers, skills, strict=True))
    return float(certain_enough(expit(log_odds(prior) + evidence)))


def posterior(prior: float | np.ndarray, votes: Votes, skills: np.ndarray) -> np.ndarray:
    """Probability of the second class for many items at once.

    Parameters
    ----------
    prior : float or (n_items,) array in 0..1
    votes : Votes of two classes
    skills : (n_workers, 2, 3) array
        P(answer | class), answers (first class, second class, unsure).

    Returns
    -------
    (n_items,) float array
        As `subject_posterior`; the prior where an item has no votes.
    """
    evidence = np.log(skills[:, 1] / skills[:, 0])[votes.worker, votes.answer]
    summed = np.bincount(votes.item, weights=evidence, minlength=len(votes.items))
    return certain_enough(expit(log_odds(prior) + summed))


def log_odds(prior: float | np.ndarray) -> np.ndarray:
    return logit(certain_enough(prior))


def certain_enough(probability: float | np.ndarray) -> np.ndarray:
    """Keep away from 0 and 1, from which no later vote could ever come back."""
    return np.clip(probability, CERTAINTY, 1 - CERTAINTY)


class Swap:
    """SWAP over all votes at once, with or without gold.

    With gold, skills are learned from the gold items alone, as the site does live. Without, they are learned from
    what the items are thought to be, in turns, starting from the majority.

    Parameters
    ----------
    coins : {1, 2}
        One skill for both classes, or one for each.
    prior : float in 0..1
        Share of the second class. It is given, as in Space Warps: estimated from few votes, it runs to 0 or 1.
    max_iter, tol : int, float
        Rounds at most; stop when no posterior moves by more.

    Attributes
    ----------
    posteriors_ : (n_items, 2) float array
    skills_ : (n_workers, 2, 3) float array
    workers_ : tuple of str
    n_iter_ : int
    """

    def __init__(self, coins: int = 2, prior: float = 0.5, max_iter: int = 100, tol: float = 1e-4) -> None:
        self.coins = coins
        self.prior = prior
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, votes: Votes, gold: np.ndarray | None = None) -> "Swap":
        """Learn from votes; `gold` holds class codes (n_items,), -1 where unknown."""
        if len(votes.classes) != 2:
            raise ValueError(f"SWAP weighs two classes, and these votes have {len(votes.classes)}")
        known = None if gold is None or (gold < 0).all() else both_sides(gold)
        belief = shares(votes.counts()[:, :-1])
        for iteration in range(1, self.max_iter + 1):
            self.n_iter_ = iteration
            self.learn(votes, belief if known is None else known)
            before, belief = belief, self.weigh(votes, self.skills_)
            if known is not None or np.abs(belief - before).max() < self.tol:
                break
        self.workers_ = votes.workers
        self.posteriors_ = belief
        return self

    def learn(self, votes: Votes, belief: np.ndarray) -> None:
        counts = soft_counts(votes, belief)
        self.skills_ = one_coin_skills(counts) if self.coins == 1 else floored(counts + newcomer_counts())

    def predict(self, votes: Votes) -> np.ndarray:
        """Return posteriors (n_items, 2) of other votes; a worker not seen before is a newcomer."""
        known = {name: row for row, name in enumerate(self.workers_)}
        newcomer = floored(newcomer_counts())
        skills = np.array([self.skills_[known[name]] if name in known else newcomer for name in votes.workers])
        return self.weigh(votes, skills)

    def weigh(self, votes: Votes, skills: np.ndarray) -> np.ndarray:
        belief = posterior(self.prior, votes, skills)
        return np.stack([1 - belief, belief], axis=1)


def both_sides(gold: np.ndarray) -> np.ndarray:
    """Turn class codes into (n_items, 2) weights: 1 for the known class, nothing for items that are unknown."""
    return np.stack([gold == 0, gold == 1], axis=1).astype(float)


def one_coin_skills(counts: np.ndarray) -> np.ndarray:
    """`skill_one_coin` for all workers at once, from (n_workers, 2, 3) counts."""
    both = counts + newcomer_counts()
    right, wrong = both[:, 0, 0] + both[:, 1, 1], both[:, 0, 1] + both[:, 1, 0]
    unsure = both[:, :, 2].sum(axis=1)
    return floored(np.stack([np.stack([right, wrong, unsure], 1), np.stack([wrong, right, unsure], 1)], axis=1))
