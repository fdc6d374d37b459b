"""`auto`: choose majority or Dawid–Skene by held-out votes or gold, and say why."""

from typing import Self

import numpy as np

from ml.crowd.aggregator import Aggregator, gold_codes
from ml.crowd.dawid_skene import DawidSkene, soft_counts
from ml.crowd.majority import Majority, leading
from ml.crowd.votes import Votes

FOLDS = 5
ENOUGH_VOTES = 200_000
LEAST_VOTES, LEAST_GOLD = 20, 20


def careful_dawid_skene() -> DawidSkene:
    """Dawid–Skene with a prior from the whole crowd, and votes at half weight since errors are correlated.

    On five real crowds its accuracy equals that of the plain one, and its log loss is a third to two thirds of it
    (tests/real/test_crowd_real.py).
    """
    return DawidSkene(shrinkage=2.0, temper=0.5)


class Auto(Aggregator):
    """Chooses between a majority and a regularised Dawid–Skene, and then acts as the chosen one.

    With at least 20 gold items, both are fitted without them and the more accurate one on gold is chosen, if the
    difference exceeds its standard error. Otherwise a fifth of the votes at a time is held out (only once if there are
    more than 200,000 votes), and the model with the higher held-out likelihood is chosen. For that the majority is a
    model too: items have the voted fractions, and everybody has the crowd's error rates.

    Attributes
    ----------
    chosen_ : "majority" or "dawid-skene"
    reason_ : str
        One sentence with the numbers.
    model_ : Majority or DawidSkene
        The chosen one, fitted.

    All others are those of the chosen model.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, votes: Votes, gold: np.ndarray | None = None) -> Self:
        known = gold_codes(votes, gold)
        by_gold = choose_by_gold(votes, known)
        self.chosen_, self.reason_ = by_gold or choose_by_votes(votes, self.seed)
        self.model_ = (Majority() if self.chosen_ == "majority" else careful_dawid_skene()).fit(votes, gold)
        vars(self).update({name: value for name, value in vars(self.model_).items() if name.endswith("_")})
        return self

    def predict(self, votes: Votes) -> np.ndarray:
        return self.model_.predict(votes)


def choose_by_gold(votes: Votes, gold: np.ndarray) -> tuple[str, str] | None:
    """Compare both on gold; None if there is too little of it, or no significant difference."""
    known = np.flatnonzero(gold >= 0)
    if len(known) < LEAST_GOLD:
        return None
    majority, dawid_skene = (
        leading(model.fit(votes).posteriors_)[known, gold[known]] for model in (Majority(), careful_dawid_skene())
    )
    gain = dawid_skene - majority
    if abs(gain.mean()) <= gain.std() / np.sqrt(len(gain)):
        return None
    chosen = "dawid-skene" if gain.mean() > 0 else "majority"
    rates = f"Dawid–Skene is right on {dawid_skene.mean():.1%}, the majority on {majority.mean():.1%}"
    return chosen, f"Of {len(known)} gold items {rates}."


def choose_by_votes(votes: Votes, seed: int) -> tuple[str, str]:
    if len(votes.item) < LEAST_VOTES:
        return "majority", f"With {len(votes.item)} votes there are too few to learn anything about anybody."
    fold = np.random.default_rng(seed).permutation(len(votes.item)) % FOLDS
    rounds = FOLDS if len(votes.item) <= ENOUGH_VOTES else 1
    scores = np.concatenate([held_out(votes, fold == number) for number in range(rounds)])
    majority, dawid_skene = scores.mean(axis=0)
    chosen = "dawid-skene" if dawid_skene > majority else "majority"
    rates = f"{dawid_skene:.4f} nats a vote by Dawid–Skene, {majority:.4f} by the majority"
    return chosen, f"Log-likelihood of {len(scores)} held-out votes: {rates}."


def held_out(votes: Votes, out: np.ndarray) -> np.ndarray:
    """Log P(vote) of held-out votes, by the majority and by Dawid–Skene fitted to all others: (n_out, 2)."""
    train, test = votes.only(~out), votes.only(out)
    crowd = Majority().fit(train)
    everybody = soft_counts(train, crowd.posteriors_).sum(axis=0, keepdims=True) + 1
    same = np.broadcast_to(everybody / everybody.sum(axis=2, keepdims=True), (len(votes.workers), *everybody.shape[1:]))
    model = careful_dawid_skene().fit(train)
    return np.stack(
        [log_chance(test, crowd.posteriors_, same), log_chance(test, model.posteriors_, model.confusion_)], axis=1
    )


def log_chance(votes: Votes, posteriors: np.ndarray, confusion: np.ndarray) -> np.ndarray:
    """Log P(answer) of each vote (n_votes,), over its item's possible classes."""
    chance = np.einsum("nk,nk->n", posteriors[votes.item], confusion[votes.worker, :, votes.answer])
    return np.asarray(np.log(np.maximum(chance, 1e-300)))
