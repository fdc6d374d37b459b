"""A small ensemble of heads on frozen features, each fitted to a bootstrap sample of the labels: BALD's members."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

MEMBERS = 5
RIDGE = 100.0
MOST_LABELS = 4_000
"""Labels per member. More would hardly move a head, and the time stays bounded."""
LEAST = 0.005
"""No label is surer than this, so that a sample of one class still has two."""
Array = NDArray[Any]


def bootstrap_members(known: Array, p_real: Array, asked: Array, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the probabilities of bogus and real by each member, (M, n, 2).

    Source of the ensemble: Breiman 1996, Machine Learning 24, 123 (bagging).

    Parameters
    ----------
    known, p_real
        Finite features (L, D) and soft labels P(real) (L,) of at least one subject.
    asked
        Features (n, D) of the subjects in question, or of none; members agree on a row with NaN.
    """
    if not len(asked):
        return np.empty((MEMBERS, 0, 2))
    mean, scale = known.mean(0), _shrunken_scale(known)
    x, y = (known - mean) / scale, np.clip(p_real, LEAST, 1 - LEAST)
    wanted = np.nan_to_num((asked - mean) / scale)
    members = []
    for _ in range(MEMBERS):
        sample = rng.choice(len(x), min(len(x), MOST_LABELS))
        members.append(_probabilities(x[sample], y[sample], wanted))
    return np.where(np.isfinite(asked).all(axis=1, keepdims=True), np.array(members), 0.5)


def _probabilities(x: Array, y: Array, wanted: Array) -> NDArray[np.float64]:
    """Fit a logistic regression to soft labels, each as a bogus and a real row with their weights, and apply it."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression  # slow to import, and most processes never fit

    sides = np.repeat([0, 1], len(x))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        head = LogisticRegression(C=1 / RIDGE).fit(np.concatenate([x, x]), sides, np.concatenate([1 - y, y]))
    return np.asarray(head.predict_proba(wanted), dtype=np.float64)


def _shrunken_scale(features: Array) -> Array:
    """Return the root of half each feature's variance and half the mean of all (D,), 1 where that is 0."""
    variance = features.var(0)
    scale = np.sqrt((variance + variance.mean()) / 2)
    return np.where(scale < 1e-6, 1.0, scale)
