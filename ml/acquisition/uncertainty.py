"""Uncertainty sampling: score subjects by the entropy of model and crowd, with a random fraction. No torch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def entropy(p: Array) -> NDArray[np.float64]:
    """Return the entropy (N,) of probabilities (N, K), as a fraction of the maximum: 0 certain, 1 uniform.

    One column (N,) is read as p and 1 - p. Rows with NaN (not scored) count as 1, maximum uncertainty.

    Examples
    --------
    >>> entropy(np.array([[0.5, 0.5], [1.0, 0.0]]))
    array([1., 0.])
    """
    p = np.asarray(p, dtype=np.float64)
    if p.ndim == 1:
        p = np.stack([1 - p, p], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, -p * np.log(p), 0.0)
    share = terms.sum(1) / np.log(p.shape[1])
    return np.where(np.isfinite(p).all(1), np.clip(share, 0, 1), 1.0)


def value(entropy_model: Array, entropy_crowd: Array, floor: float = 0.05) -> NDArray[np.float64]:
    """Return the expected value (N,) of one more vote: model uncertainty × crowd uncertainty.

    Parameters
    ----------
    entropy_model, entropy_crowd
        (N,) in 0..1; without votes, crowd entropy is 1.
    floor
        Floor of both factors, so that neither can suppress the other.

    Returns
    -------
    (N,) in 0..1.
    """
    model = np.clip(entropy_model, floor, 1)
    return np.asarray(model * np.clip(entropy_crowd, floor, 1), dtype=np.float64)


def percentile(p: Array) -> NDArray[np.float64]:
    """Return each value's percentile rank (N,), 0..100, with ties averaged; NaN stays NaN and is not ranked.

    Examples
    --------
    >>> percentile(np.array([3.0, 1.0, 2.0]))
    array([100.,   0.,  50.])
    """
    p = np.asarray(p, dtype=np.float64)
    places = np.full(len(p), np.nan)
    finite = np.isfinite(p)
    _, inverse, counts = np.unique(p[finite], return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts + 1) / 2
    places[finite] = 100 * middle[inverse] / max(1, finite.sum() - 1)
    return places


def with_random(values: Array, share: float = 0.2, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return priorities (N,) in 0..1 with a fraction of about `share` random at any depth of the queue.

    All others keep their order by value. The random subjects (flagged in the second array) are spread evenly over the
    same range, so answers to them calibrate the model without bias.
    """
    values = np.asarray(values, dtype=np.float64)
    random = np.random.default_rng(seed)
    drawn = random.random(len(values)) < share
    priorities = np.empty(len(values))
    priorities[~drawn] = percentile(values[~drawn]) / 100
    priorities[drawn] = random.random(int(drawn.sum()))
    return priorities, drawn
