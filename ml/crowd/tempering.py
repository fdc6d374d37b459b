"""Tempered posteriors: one temperature, at which they are no surer than what half of the votes says.

People err on the same items, so votes are less independent than any of the models assumes, and posteriors are
overconfident. Held-out votes don't show all of it, because they share the errors of the others. Hence the posteriors
from all votes are compared with those from random halves, averaged: where the halves differ, the items are uncertain.

Source: temperature scaling, Guo et al. 2017, ICML, PMLR 70, 1321; subsampling without replacement, Politis & Romano
1994, The Annals of Statistics 22, 2031.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize_scalar

from ml.crowd.aggregator import Aggregator
from ml.crowd.em import normalised
from ml.crowd.votes import Votes

HOTTEST = 50.0
SPLITS = 3


def tempered(posteriors: np.ndarray, temperature: float) -> np.ndarray:
    """Divide log posteriors (n, K) by a temperature, 1 or more, and normalise; the order of the classes stays.

    >>> tempered(np.array([[0.2, 0.8]]), 2.0).round(3)
    array([[0.333, 0.667]])
    """
    return normalised(np.log(np.maximum(posteriors, 1e-300)) / temperature)


def fit_posterior_temperature(posteriors: np.ndarray, averages: np.ndarray) -> float:
    """Return the temperature, 1 to `HOTTEST`, at which posteriors come nearest to averages over random halves.

    Parameters
    ----------
    posteriors : (n_items, K) float array
        From all votes.
    averages : (n_items, K) float array
        Means of the posteriors from halves of the votes.

    Returns
    -------
    float
        The minimum of the cross-entropy of the tempered posteriors under the averages.
    """

    def cross_entropy(log_temperature: float) -> float:
        chances = tempered(posteriors, float(np.exp(log_temperature)))
        return -float((averages * np.log(np.maximum(chances, 1e-300))).sum()) / max(len(averages), 1)

    found = minimize_scalar(cross_entropy, bounds=(0.0, np.log(HOTTEST)), method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x))


def average_of_halves(
    method: Callable[[], Aggregator], votes: Votes, gold: np.ndarray | None = None, seed: int = 0
) -> np.ndarray:
    """Split the votes in two at random, three times; return the mean posteriors (n_items, K) of the six fits."""
    random = np.random.default_rng(seed)
    total = np.zeros((len(votes.items), len(votes.classes)))
    for _ in range(SPLITS):
        first = random.permutation(len(votes.item)) % 2 == 0
        for seen in (first, ~first):
            total += method().fit(votes.only(seen), gold).posteriors_
    return total / (2 * SPLITS)
