"""`auto`: choose a method by held-out votes and gold, temper its posteriors, and say why."""

from collections.abc import Sequence
from typing import Self

import numpy as np

from ml.crowd.aggregator import Aggregator, gold_codes
from ml.crowd.bwa import Bwa
from ml.crowd.dawid_skene import DawidSkene
from ml.crowd.ebcc import Ebcc
from ml.crowd.glad import Glad
from ml.crowd.held_out import FOLDS, Method, held_out_score, rounds
from ml.crowd.ibcc import Ibcc
from ml.crowd.majority import Majority, WeightedMajority, leading
from ml.crowd.one_coin import OneCoin
from ml.crowd.swap import Swap
from ml.crowd.tempering import average_of_halves, fit_posterior_temperature, tempered
from ml.crowd.votes import Votes

LEAST_VOTES, LEAST_GOLD = 20, 20
MOST_FOR_GLAD = 100_000
"""Votes with more of which GLAD is not compared: it takes fifty times as long as the others."""


def smoothed_majority() -> Majority:
    return Majority(smoothing=1.0)


def careful_dawid_skene() -> DawidSkene:
    """Dawid–Skene in which every worker starts with two pseudo-votes from the whole crowd's confusion matrix."""
    return DawidSkene(shrinkage=2.0)


CANDIDATES: dict[str, tuple[str, Method]] = {
    "majority": ("the majority", smoothed_majority),
    "weighted-majority": ("the weighted majority", lambda: WeightedMajority(smoothing=1.0)),
    "bwa": ("BWA", Bwa),
    "one-coin": ("one-coin", lambda: OneCoin(smoothing=1.0)),
    "swap": ("SWAP", Swap),
    "dawid-skene": ("Dawid–Skene", careful_dawid_skene),
    "ibcc": ("IBCC", Ibcc),
    "ebcc": ("EBCC", Ebcc),
    "glad": ("GLAD", Glad),
}
"""Titles and methods, simplest first: GLAD, last, has a parameter for each item too."""


class Auto(Aggregator):
    """Chooses among `CANDIDATES`, tempers the posteriors of the chosen one, and then acts as it.

    Each method is fitted to four fifths of the votes and predicts the rest. Of the methods whose likelihood of the
    held-out votes is within one standard error of the highest, the simplest is chosen. With at least 20 gold items,
    methods are also fitted without gold, and those that are right on gold significantly less often than the best one
    drop out first. SWAP takes part with two classes, and GLAD with up to 100,000 votes.

    Parameters
    ----------
    seed : int
        Of the votes held out, and of the halves that fit the temperature.
    methods : sequence of str
        Keys of `CANDIDATES`, simplest first; with one of them only its temperature is fitted.

    Attributes
    ----------
    chosen_ : str
        A key of `CANDIDATES`.
    reason_ : str
        The numbers, in one or two sentences.
    model_ : Aggregator
        The chosen one, fitted; its posteriors are not tempered.
    temperature_ : float
        By which its log posteriors are divided; at least 1.

    All others are those of the chosen model.
    """

    def __init__(self, seed: int = 0, methods: Sequence[str] = tuple(CANDIDATES)) -> None:
        self.seed = seed
        self.methods = methods

    def fit(self, votes: Votes, gold: np.ndarray | None = None) -> Self:
        names, by_gold = choose_by_gold(able(self.methods, votes), votes, gold_codes(votes, gold))
        if len(votes.item) < LEAST_VOTES:
            names = names[:1]
            by_gold = f"With {len(votes.item)} votes there are too few to learn anything about anybody."
        self.chosen_, by_votes = choose_by_votes(names, votes, gold, self.seed)
        self.reason_ = f"{by_gold} {by_votes}".strip()
        method = CANDIDATES[self.chosen_][1]
        self.model_ = method().fit(votes, gold)
        vars(self).update({name: value for name, value in vars(self.model_).items() if name.endswith("_")})
        averages = average_of_halves(method, votes, gold, self.seed)
        self.temperature_ = fit_posterior_temperature(self.model_.posteriors_, averages)
        self.conclude(self.softened(self.model_.posteriors_, votes))
        return self

    def predict(self, votes: Votes) -> np.ndarray:
        return self.softened(self.model_.predict(votes), votes)

    def softened(self, posteriors: np.ndarray, votes: Votes) -> np.ndarray:
        """Temper posteriors (n_items, K); an item without votes keeps the prior."""
        asked = np.bincount(votes.item, minlength=len(votes.items)) > 0
        return np.where(asked[:, None], tempered(posteriors, self.temperature_), posteriors)


def able(names: Sequence[str], votes: Votes) -> list[str]:
    """Return the methods that can be fitted to these votes, and in time."""
    unable = {"swap": len(votes.classes) != 2, "glad": len(votes.item) > MOST_FOR_GLAD}
    return [name for name in names if not unable.get(name, False)]


def choose_by_gold(names: Sequence[str], votes: Votes, gold: np.ndarray) -> tuple[list[str], str]:
    """Return the methods that are not significantly worse on gold than the best one, and a sentence on that."""
    known = np.flatnonzero(gold >= 0)
    if len(known) < LEAST_GOLD:
        return list(names), ""
    right = {name: leading(CANDIDATES[name][1]().fit(votes).posteriors_)[known, gold[known]] for name in names}
    rates = [f"{CANDIDATES[name][0]} is right on {hits.mean():.1%}" for name, hits in right.items()]
    return near_the_best(right), f"Of {len(known)} gold items {', '.join(rates)}."


def choose_by_votes(names: Sequence[str], votes: Votes, gold: np.ndarray | None, seed: int) -> tuple[str, str]:
    """Return the simplest method near the best by the likelihood of held-out votes, and a sentence with the numbers."""
    if len(names) == 1:
        return names[0], ""
    scores = {name: held_out_score(CANDIDATES[name][1], votes, gold, seed) for name in names}
    chosen, held_out = near_the_best(scores)[0], len(votes.item) * rounds(votes) // FOLDS
    others = sorted((name for name in scores if name != chosen), key=lambda name: -scores[name].sum())
    rates = [f"{scores[name].sum() / held_out:.4f} by {CANDIDATES[name][0]}" for name in (chosen, *others)]
    rates[0] = rates[0].replace(" by ", " nats a vote by ")
    return chosen, f"Log-likelihood of {held_out} held-out votes: {', '.join(rates)}."


def near_the_best(scores: dict[str, np.ndarray]) -> list[str]:
    """Return the names whose sum of scores is within one standard error of the highest, in their order.

    The standard error is that of the sum of differences (n,). Source: the one-standard-error rule, Breiman et al.
    1984, "Classification and regression trees", section 3.4.3.
    """
    best = max(scores.values(), key=lambda score: float(score.sum()))
    gaps = {name: best - score for name, score in scores.items()}
    return [name for name, gap in gaps.items() if gap.sum() <= gap.std() * np.sqrt(len(gap))]
