"""Uncertainty sampling: entropy and margin of a model's probabilities, and the disagreement of an ensemble (BALD)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

Array = NDArray[Any]


def entropy(p: Array) -> NDArray[np.float64]:
    """Return the entropy (N,) of probabilities (N, K), as a fraction of the maximum: 0 certain, 1 uniform.

    One column (N,) is read as p and 1 - p. Rows with NaN (not scored) count as 1, maximum uncertainty.

    Examples
    --------
    >>> entropy(np.array([[0.5, 0.5], [1.0, 0.0]]))
    array([1., 0.])
    """
    p = _two_columns(p)
    relative_entropy = entr(p).sum(1) / np.log(p.shape[1])
    return np.where(np.isfinite(p).all(1), np.clip(relative_entropy, 0, 1), 1.0)


def margin(p: Array) -> NDArray[np.float64]:
    """Return 1 - (largest - second largest probability), (N,): 0 certain, 1 if the two likeliest classes tie.

    `p` as in `entropy`. Source: Scheffer et al. 2001, IDA, LNCS 2189, 309.

    Examples
    --------
    >>> margin(np.array([[0.5, 0.5, 0.0], [0.75, 0.25, 0.0]]))
    array([1. , 0.5])
    """
    p = _two_columns(p)
    second, first = np.partition(np.nan_to_num(p), -2, axis=1)[:, -2:].T
    return np.where(np.isfinite(p).all(1), 1 - (first - second), 1.0)


def bald(members: Array) -> NDArray[np.float64]:
    """Return how much the members of an ensemble disagree (N,): the mutual information of label and member.

    Entropy of the mean less the mean entropy, as a fraction of ln K: 0 if all agree, at most 1. It is small where
    every member is equally unsure, since there one more label teaches the model little.

    Source: Houlsby et al. 2011, arXiv:1112.5745, equation 2.

    Parameters
    ----------
    members
        (M, N, K) probabilities of M members; rows with NaN (not scored) count as 1.

    Examples
    --------
    >>> bald(np.array([[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]]]))
    array([1., 0.])
    """
    mean, known = np.mean(members, axis=0), np.isfinite(members).all(axis=(0, 2))
    information = (entr(mean).sum(1) - entr(members).sum(2).mean(0)) / np.log(members.shape[2])
    return np.where(known, np.clip(information, 0, 1), 1.0)


def _two_columns(p: Array) -> NDArray[np.float64]:
    p = np.asarray(p, dtype=np.float64)
    return np.stack([1 - p, p], axis=1) if p.ndim == 1 else p
