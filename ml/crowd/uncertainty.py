"""Uncertainty of posteriors and skills: entropy, standard deviations, intervals."""

import numpy as np
from scipy.special import entr, expit, logit, ndtri, polygamma

from ml.crowd.votes import Votes


def entropy_bits(posteriors: np.ndarray) -> np.ndarray:
    """Return the entropy of rows of probabilities (n, K) in bits (n,).

    >>> entropy_bits(np.array([[0.5, 0.5], [1.0, 0.0]]))
    array([1., 0.])
    """
    return np.asarray(entr(posteriors).sum(axis=1) / np.log(2))


def dirichlet_sd(alpha: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each cell of Dirichlet distributions along the last axis, same shape.

    Equation: ``sqrt(m (1 - m) / (a + 1))`` with a the sum of a row and m its mean. NaN for a row of zeros.

    >>> dirichlet_sd(np.array([1.0, 1.0])).round(3)
    array([0.289, 0.289])
    """
    total = alpha.sum(axis=-1, keepdims=True)
    mean = np.divide(alpha, total, out=np.full(alpha.shape, np.nan), where=total > 0)
    return np.asarray(np.sqrt(mean * (1 - mean) / (total + 1)))


def label_interval(votes: Votes, posteriors: np.ndarray, alpha: np.ndarray, level: float = 0.95) -> np.ndarray:
    """Return how far each label's posterior could be off because the workers' skills are uncertain.

    The logarithms of a worker's P(answer | class) have the variances of a Dirichlet distribution; their sum over the
    votes of an item is the variance of its log odds (delta method). Workers' errors count as independent.

    Parameters
    ----------
    posteriors : (n_items, K) float array
    alpha : (n_workers, K, K + 1) float array
        Positive Dirichlet parameters of each worker's rows: counts and pseudo-counts.
    level : float in 0..1

    Returns
    -------
    (n_items, K, 2) float array
        Lower and upper end; for an item without votes both are its posterior.
    """
    variance = polygamma(1, alpha) - polygamma(1, alpha.sum(axis=-1, keepdims=True))
    summed = votes.incidence @ variance.transpose(0, 2, 1).reshape(-1, alpha.shape[1])
    others = np.square(posteriors[:, None, :] / np.maximum(1 - posteriors, 1e-300)[:, :, None])
    others[:, np.arange(posteriors.shape[1]), np.arange(posteriors.shape[1])] = 1
    half = ndtri((1 + level) / 2) * np.sqrt(np.einsum("nkl,nl->nk", others, summed))
    middle = logit(np.clip(posteriors, 1e-15, 1 - 1e-15))
    return np.asarray(expit(np.stack([middle - half, middle + half], axis=2)))
