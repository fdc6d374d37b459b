"""Online SWAP: update items with every vote, and workers with every vote on gold.

Two faults of public versions are kept out by construction. Nothing is a default that objects share: every agent's
counts are made when the agent is met. And nothing is ever added twice: what a vote taught is stored with the vote and
taken back before it is replaced.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from ml.crowd.answer import ANSWERS, CLASSES
from ml.crowd.information import expected_information
from ml.crowd.skill import newcomer_counts
from ml.crowd.swap import certain_enough, log_odds, skills_of

NOTHING = (0.0, 0.0)


@dataclass(frozen=True)
class Observed:
    """A vote: its answer's column, and how much it taught about the worker's answers to "no" and to "yes" items."""

    column: int
    weights: tuple[float, float]


class OnlineSwap:
    """Beliefs about items and agents (workers) that follow every vote.

    Supervised, the default, agents learn from gold items alone. Then the state does not depend on the order in which
    votes and gold arrive, and equals that of `Swap.fit` on the same votes and gold. Unsupervised, agents also learn
    from other items: every vote moves the belief in its item, and with it what all its votes taught. There the order
    matters, as it does in Space Warps, and the batch, which looks at everything again and again, is the better guess.

    Parameters
    ----------
    prior : float in 0..1
        Share of "yes".
    coins : {1, 2}
        One skill for both classes, or one for each.
    supervised : bool
    """

    def __init__(self, prior: float = 0.5, coins: int = 2, *, supervised: bool = True) -> None:
        self.prior = prior
        self.coins = coins
        self.supervised = supervised
        self.votes_: dict[str, dict[str, Observed]] = {}
        self.gold_: dict[str, int] = {}
        self.counts_: dict[str, np.ndarray] = {}

    def observe(self, item: str, worker: str, answer: str) -> float:
        """Take one vote and return the item's new probability of "yes".

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
        """Undo a vote and what it taught; a vote that was never given is none to undo."""
        gone = self.votes_.get(item, {}).pop(worker, None)
        if gone is not None:
            self.counts_[worker][:, gone.column] -= gone.weights

    def reveal(self, item: str, label: str | None) -> None:
        """Say what an item is, before or after its votes; None takes it back."""
        known = None if label is None else place(CLASSES, label)
        if known == self.gold_.get(item):
            return
        if known is None:
            del self.gold_[item]
        else:
            self.gold_[item] = known
        self.teach_again(item)

    def posterior(self, item: str) -> float:
        """Return the probability of "yes", in one step a vote of the item; the prior where it has none."""
        votes = self.votes_.get(item, {}).items()
        rows = [self.confusion(worker)[:, vote.column] for worker, vote in votes]
        evidence = math.fsum(np.log(yes / no) for no, yes in rows)  # to the last bit the same in any order
        return float(certain_enough(expit(log_odds(self.prior) + evidence)))

    def confusion(self, worker: str) -> np.ndarray:
        """Return P(answer | class), (2, A); a newcomer's for a worker not seen before."""
        counts = self.counts_.get(worker, np.zeros((len(CLASSES), len(ANSWERS))))
        return np.asarray(skills_of((counts + newcomer_counts())[None], self.coins)[0])

    def skill(self, worker: str) -> float:
        """Return the expected information gain of the worker's next answer in bits, at equal priors."""
        return float(expected_information(self.confusion(worker)[None], np.full(2, 0.5))[0])

    def teach(self, item: str, worker: str, column: int, weights: tuple[float, float]) -> None:
        self.counts_.setdefault(worker, np.zeros((len(CLASSES), len(ANSWERS))))[:, column] += weights
        self.votes_.setdefault(item, {})[worker] = Observed(column, weights)

    def teach_again(self, item: str) -> None:
        """Replace what the votes on an item taught by what it is taken for now."""
        weights = self.weights(item)
        for worker, vote in list(self.votes_.get(item, {}).items()):
            self.withdraw(item, worker)
            self.teach(item, worker, vote.column, weights)

    def weights(self, item: str) -> tuple[float, float]:
        """Tell what the item is taken for when somebody learns from it: gold, belief, or nothing."""
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
