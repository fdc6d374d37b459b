"""Binary metrics at one threshold: precision, recall, F1, Matthews correlation."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.areas import pr_auc, roc_auc
from ml.evaluation.metrics.binomial import proportion

Array = NDArray[Any]


def binary(truth: Array, p_real: Array, threshold: float = 0.5) -> dict[str, float]:
    """Return the real-bogus metrics: roc_auc, pr_auc, precision, recall, f1, mcc at `threshold`.

    A ratio without a denominator (no subject called real, for instance) is NaN.

    Parameters
    ----------
    truth
        (N,) bool, True for real.
    p_real
        (N,) 0..1, the probability of being real; at or above `threshold` the subject is called real.
    """
    decided = weighted_decisions(truth, np.asarray(p_real) >= threshold, np.ones((1, len(p_real))))
    areas = {"roc_auc": roc_auc(truth, p_real), "pr_auc": pr_auc(truth, p_real)}
    return areas | {name: float(value[0]) for name, value in decided.items()}


def weighted_decisions(truth: Array, called: Array, weights: Array) -> dict[str, NDArray[np.float64]]:
    """Return precision, recall, f1 and mcc for each row of weights.

    Matthews' φ = (TP·TN − FP·FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN)) (Matthews 1975, BBA 405, 442); 0 if a factor of the
    root is 0, as in scikit-learn.

    Parameters
    ----------
    truth, called
        (N,) bool.
    weights
        (b, N), not negative.

    Returns
    -------
    Arrays (b,) by name; a ratio without a denominator is NaN.
    """
    truth, called = np.asarray(truth, dtype=bool), np.asarray(called, dtype=bool)
    cells = (truth & called, ~truth & called, truth & ~called, ~truth & ~called)
    hit, false, missed, rejected = (weights @ cell.astype(np.float64) for cell in cells)
    root = np.sqrt((hit + false) * (hit + missed) * (rejected + false) * (rejected + missed))
    return {
        "precision": proportion(hit, hit + false),
        "recall": proportion(hit, hit + missed),
        "f1": proportion(2 * hit, 2 * hit + false + missed),
        "mcc": np.nan_to_num(proportion(hit * rejected - false * missed, root)),
    }
