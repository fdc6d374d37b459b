"""Metrics of decisions: precision, recall, F1, Matthews correlation; confusion matrix, Cohen's kappa, accuracy."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.binomial import proportion
from ml.evaluation.metrics.ranking import pr_auc, roc_auc

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


def predicted_class(probabilities: Array, positive: Sequence[int], threshold: float = 0.5) -> NDArray[np.intp]:
    """Return the predicted class numbers (N,): the most probable; with real and bogus only, real from `threshold` on.

    Parameters
    ----------
    probabilities
        (N, K), finite.
    positive
        The numbers of the real classes. The threshold is used only if K is 2 and one of them is real.
    threshold
        0..1, compared with the probability of the real class.
    """
    if probabilities.shape[1] != 2 or len(positive) != 1:
        return probabilities.argmax(1)
    real = positive[0]
    return np.where(probabilities[:, real] >= threshold, real, 1 - real)


def confusion_counts(truth: Array, predicted: Array, classes: int) -> NDArray[np.int64]:
    """Return counts (K, K): rows are true classes, columns predicted ones, from class numbers (N,) of 0..K-1."""
    cells = np.asarray(truth) * classes + np.asarray(predicted)
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def kappa(truth: Array, predicted: Array, classes: int) -> float:
    """Return Cohen's κ, agreement beyond chance; NaN if everything has one class on both sides.

    κ = (p_o − p_e) / (1 − p_e), with p_o the observed agreement and p_e the agreement expected from how often each side
    uses each class (Cohen 1960, Educ. Psychol. Meas. 20, 37).

    Parameters
    ----------
    truth, predicted
        (N,) class numbers 0..`classes`-1.

    Returns
    -------
    -1..1; 0 is chance.
    """
    return float(weighted_kappa(truth, predicted, classes, np.ones((1, len(truth))))[0])


def weighted_kappa(truth: Array, predicted: Array, classes: int, weights: Array) -> NDArray[np.float64]:
    """Return Cohen's κ (b,) for each row of weights (b, N); NaN if only one class has weight."""
    weights = np.asarray(weights, dtype=np.float64)
    one_hot = np.eye(classes)
    rows, columns = (proportion(weights @ one_hot[side], weights.sum(1)[:, None]) for side in (truth, predicted))
    agreed = proportion(weights @ (np.asarray(truth) == np.asarray(predicted)).astype(np.float64), weights.sum(1))
    expected = (rows * columns).sum(1)
    beyond = 1 - expected
    return proportion(agreed - expected, np.where(beyond > 1e-12, beyond, 0))


def weighted_accuracy(truth: Array, predicted: Array, weights: Array) -> NDArray[np.float64]:
    """Return the fraction of weight (b,), 0..1, on correctly predicted rows; NaN without weight."""
    right = (np.asarray(truth) == np.asarray(predicted)).astype(np.float64)
    return proportion(weights @ right, np.sum(weights, axis=1))
