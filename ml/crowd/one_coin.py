"""One-coin Dawid–Skene: one accuracy per worker, for crowds with too few votes for a full confusion matrix.

Source: Zhang, Chen, Zhou & Jordan 2016, Journal of Machine Learning Research 17, 1. A wrong answer is any of the
other classes alike. An abstention has a rate of its own, the same for all classes, and so is no evidence.
"""

import numpy as np
from scipy.special import xlogy

from ml.crowd.dawid_skene import FLOOR, DawidSkene, soft_counts
from ml.crowd.uncertainty import dirichlet_sd
from ml.crowd.votes import Votes


class OneCoin(DawidSkene):
    """Maximum a posteriori by EM over K classes.

    Parameters
    ----------
    smoothing : float
        Votes added for each class to everybody's right and wrong answers, and to abstentions: Beta priors.
    max_iter, tol
        As in `DawidSkene`.

    Attributes
    ----------
    skills_, skills_sd_ : (n_workers,) float array
        Fraction of definite answers that are right, and the standard deviation of its Beta posterior; NaN with no
        smoothing and no definite answer.
    confusion_, confusion_sd_, alpha_
        As in `DawidSkene`, from the two rates of each worker.
    """

    def __init__(self, smoothing: float = 0.01, max_iter: int = 100, tol: float = 1e-3) -> None:
        super().__init__(smoothing, max_iter, tol)

    def maximise(self, votes: Votes, belief: np.ndarray) -> None:
        self.prior_ = belief.mean(axis=0)
        counts = soft_counts(votes, belief)
        right = np.trace(counts[:, :, :-1], axis1=1, axis2=2)
        spoken, silent = counts[:, :, :-1].sum(axis=(1, 2)), counts[:, :, -1].sum(axis=1)
        others = max(counts.shape[1] - 1, 1)
        self.coin_ = np.stack([right, spoken - right], axis=1) + self.smoothing * np.array([1, others])
        self.silence_ = np.stack([spoken, silent], axis=1) + self.smoothing
        self.confusion_ = confusion_matrices(fair(self.coin_), fair(self.silence_)[:, 1], counts.shape[1])

    def log_prior(self) -> float:
        others = max(len(self.prior_) - 1, 1)
        coins = xlogy(np.array([1, others]), fair(self.coin_)).sum() + np.log(fair(self.silence_)).sum()
        return float(self.smoothing * coins) if self.smoothing else 0.0

    def finish(self, votes: Votes) -> None:
        # Pseudo-counts of the two rates, distributed over the cells they fill.
        self.alpha_ = self.confusion_ * self.silence_.sum(axis=1)[:, None, None] * self.prior_[:, None] + FLOOR
        super().finish(votes)
        self.confusion_sd_ = self.rate_spread()
        known = self.coin_.sum(axis=1) > 0
        self.skills_ = np.where(known, fair(self.coin_)[:, 0], np.nan)
        self.skills_sd_ = dirichlet_sd(self.coin_)[:, 0]

    def rate_spread(self) -> np.ndarray:
        """Give each cell (n_workers, K, K + 1) the standard deviation of the two Beta posteriors, to first order."""
        spoken, right = fair(self.silence_)[:, 0, None, None], fair(self.coin_)
        hit = np.eye(len(self.prior_), dtype=bool)[None]
        others = max(len(self.prior_) - 1, 1)
        share = np.where(hit, right[:, :1, None], right[:, 1:, None] / others)
        coin = np.nan_to_num(dirichlet_sd(self.coin_))[:, :1, None] / np.where(hit, 1, others)
        silence = np.nan_to_num(dirichlet_sd(self.silence_))[:, 1][:, None, None]
        cells = np.hypot(spoken * coin, share * silence)
        return np.concatenate([cells, np.broadcast_to(silence, (*cells.shape[:2], 1))], axis=2)


def fair(counts: np.ndarray) -> np.ndarray:
    """Divide (n, 2) counts by their sums and keep them off 0 and 1; a row of zeros is a fair coin."""
    total = counts.sum(axis=1, keepdims=True)
    rates = np.divide(counts, total, out=np.full(counts.shape, 0.5), where=total > 0)
    return np.clip(rates, FLOOR, 1 - FLOOR)


def confusion_matrices(coin: np.ndarray, silent: np.ndarray, classes: int) -> np.ndarray:
    """Make (n_workers, K, K + 1) matrices from the rates of right and wrong (n_workers, 2) and of abstentions."""
    wrong = coin[:, 1] / max(classes - 1, 1)
    cells = np.where(np.eye(classes, dtype=bool), coin[:, :1, None], wrong[:, None, None])
    spoken = cells * (1 - silent)[:, None, None]
    return np.concatenate([spoken, np.broadcast_to(silent[:, None, None], (*spoken.shape[:2], 1))], axis=2)
