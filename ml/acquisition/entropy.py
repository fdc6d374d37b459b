"""Uncertainty sampling: score subjects by the entropy of a model's probabilities. No torch."""

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
    p = np.asarray(p, dtype=np.float64)
    if p.ndim == 1:
        p = np.stack([1 - p, p], axis=1)
    relative_entropy = entr(p).sum(1) / np.log(p.shape[1])
    return np.where(np.isfinite(p).all(1), np.clip(relative_entropy, 0, 1), 1.0)
