"""Online SWAP: update items with every vote, and workers with every vote on gold.

This avoids two bugs of public versions. Objects share no default state: every agent's counts are created with the
agent. And nothing is added twice: a vote stores its contribution, which is subtracted before it is replaced.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from ml.crowd.information import expected_information
from ml.crowd.skill import ANSWERS, CLASSES, newcomer_counts
from ml.crowd.swap import certain_enough, log_odds, skills_of

NOTHING = (0.0, 0.0)


@dataclass(frozen=True)
class Observed:
    """A vote: its answer's column, and its contribution to the worker's counts on "no" and on "yes" items."""

    column: int
    weights: tuple[float, float]


class OnlineSwap:
    """Posteriors of items and skills of agents (workers), updated with every vote.

    Supervised, the default, agents learn from gold items only. Then the state does not depend on the order of votes and
    gold, and equals that of `Swap.fit` on the same votes and gold. Unsupervised, agents also learn from other items:
    every vote changes its item's posterior, and with it the contributions of all its votes. Then the order matters, as
    in Space Warps, and the iterated batch is the better estimate.

    Parameters
    ----------
    prior : float in 0..1
        Share of "yes".
    coins : {1, 2}
        One skill for both classes, or one for each.
    """

    def __init__(self, prior: float = 0.5, coins: int = 2, *, supervised: bool = True) -> None:
        self.prior = prior
        self.coins = coins
        self.supervised = supervised
        self.votes_: dict[str, dict[str, Observed]] = {}
        self.gold_: dict[str, int] = {}
        self.counts_: dict[str, np.ndarray] = {}

    def observe(self, item: str, worker: str, answer: str) -> float:
        """Add one vote and return the item's new probability of "yes".

        The same vote again changes nothing; another answer of the same worker replaces the first.
        """
        column = place(ANSWERS, answer)
        seen = self.votes_.get(item, {}).get(worker)
        if seen is None or seen.column != column:
            self.withdraw(item, worker)
            self.teach(item, worker, column, self.weights(item))
            if not self.supervised and item not in self.gold_:
                self.teach_again(item)
        return self.posterior(item)

    def withdraw(self, item: str, worker: str) -> None:
        """Remove a vote and its contribution; does nothing for an unknown vote."""
        gone = self.votes_.get(item, {}).pop(worker, None)
        if gone is not None:
            self.counts_[worker][:, gone.column] -= gone.weights

    def reveal(self, item: str, label: str | None) -> None:
        """Set an item's class, before or after its votes; None removes it."""
        known = None if label is None else place(CLASSES, label)
        if known == self.gold_.get(item):
            return
        if known is None:
            del self.gold_[item]
        else:
            self.gold_[item] = known
        self.teach_again(item)

    def posterior(self, item: str) -> float:
        """Return the probability of "yes", in one step per vote of the item; the prior without votes."""
        votes = self.votes_.get(item, {}).items()
        rows = [self.confusion(worker)[:, vote.column] for worker, vote in votes]
        evidence = math.fsum(np.log(yes / no) for no, yes in rows)  # bit-for-bit independent of the order
        return float(certain_enough(expit(log_odds(self.prior) + evidence)))

    def confusion(self, worker: str) -> np.ndarray:
        """Return P(answer | class), (2, 3); a newcomer's for an unknown worker."""
        counts = self.counts_.get(worker, np.zeros((2, 3)))
        return np.asarray(skills_of((counts + newcomer_counts())[None], self.coins)[0])

    def skill(self, worker: str) -> float:
        """Return the expected information gain of the worker's next answer in bits, at equal priors."""
        return float(expected_information(self.confusion(worker)[None], np.full(2, 0.5))[0])

    def teach(self, item: str, worker: str, column: int, weights: tuple[float, float]) -> None:
        self.counts_.setdefault(worker, np.zeros((2, 3)))[:, column] += weights
        self.votes_.setdefault(item, {})[worker] = Observed(column, weights)

    def teach_again(self, item: str) -> None:
        """Replace the contributions of an item's votes by those under its current class weights."""
        weights = self.weights(item)
        for worker, vote in list(self.votes_.get(item, {}).items()):
            self.withdraw(item, worker)
            self.teach(item, worker, vote.column, weights)

    def weights(self, item: str) -> tuple[float, float]:
        """Return the class weights used to learn from an item: gold, posterior, or nothing."""
        if item in self.gold_:
            return (1.0, 0.0) if self.gold_[item] == 0 else (0.0, 1.0)
        if self.supervised:
            return NOTHING
        belief = self.posterior(item)
        return 1 - belief, belief


def place(names: tuple[str, ...], name: str) -> int:
    if name not in names:
        raise ValueError(f"expected one of {', '.join(names)}, not {name!r}")
    return names.index(name)
