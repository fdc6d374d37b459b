"""Hunting rare movers: confident positives, and coverage of rare classes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def confident_positives(p_real: Array) -> NDArray[np.float64]:
    """Return P(real) itself (N,): the likeliest movers first. Unscored subjects (NaN) count as 0."""
    return np.nan_to_num(np.asarray(p_real, dtype=np.float64), nan=0.0)


def rare_classes(p: Array, labelled: Array) -> NDArray[np.float64]:
    """Return the expected rarity of each subject's class (N,), 0..1: 1 for a class that no label has yet.

    Parameters
    ----------
    p
        (N, K) class probabilities; unscored rows (NaN) count as 0.
    labelled
        (K,) labels of each class so far, not negative.

    Notes
    -----
    The expectation of 1 / (1 + n_k / n̄), where n̄ is the mean number of labels of a class, at least 1: inverse class
    frequency, smoothed so that one label does not end the search.

    Examples
    --------
    >>> rare_classes(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([30, 0])).round(3)
    array([0.333, 1.   ])
    """
    counts = np.asarray(labelled, dtype=np.float64)
    rarity = 1 / (1 + counts / max(counts.mean(), 1.0))
    return np.nan_to_num(np.asarray(p, dtype=np.float64) @ rarity, nan=0.0)
