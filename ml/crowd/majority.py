"""The answer most people gave, with thresholds."""

import numpy as np

from ml.crowd.votes import Votes

UNDECIDED = -1


class Majority:
    """Shares of the votes, and a decision where there are enough of them.

    Parameters
    ----------
    threshold : float in 0..1
        Share of the definite votes that the leading answer needs; ties never decide.
    minimum : int
        Definite votes needed for a decision.

    Attributes
    ----------
    posteriors_ : (n_items, K) float array
        Shares of the definite votes; equal for all classes where nobody gave a definite one.
    n_iter_ : int
        1: nothing is iterated.
    """

    def __init__(self, threshold: float = 0.5, minimum: int = 1) -> None:
        self.threshold = threshold
        self.minimum = minimum

    def fit(self, votes: Votes) -> "Majority":
        self.posteriors_ = self.predict(votes)
        self.n_iter_ = 1
        return self

    def predict(self, votes: Votes) -> np.ndarray:
        """Return the shares (n_items, K); abstentions do not count."""
        return shares(votes.counts()[:, :-1])

    def decide(self, votes: Votes) -> np.ndarray:
        """Return class codes (n_items,), `UNDECIDED` below the minimum, below the threshold, or in a tie."""
        counts = votes.counts()[:, :-1]
        total, best = counts.sum(axis=1), counts.max(axis=1)
        tied = (counts == best[:, None]).sum(axis=1) > 1
        decided = (total >= max(self.minimum, 1)) & (best >= self.threshold * total) & ~tied
        return np.where(decided, counts.argmax(axis=1), UNDECIDED)


def shares(counts: np.ndarray) -> np.ndarray:
    """Divide (n, K) counts by their sums; rows without any become uniform.

    >>> shares(np.array([[1, 3], [0, 0]]))
    array([[0.25, 0.75],
           [0.5 , 0.5 ]])
    """
    total = counts.sum(axis=1, keepdims=True)
    return np.where(total > 0, counts / np.maximum(total, 1e-300), 1 / counts.shape[1])
