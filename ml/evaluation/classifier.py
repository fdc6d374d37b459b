"""Evaluate a classifier's probabilities with bootstrap intervals, and compare two models for the promotion gate."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.bootstrap import bootstrap_weights, interval
from ml.evaluation.metrics.caveats import caveats
from ml.evaluation.metrics.decisions import confusion_counts, predicted_class
from ml.evaluation.metrics.intervals import class_draws, class_intervals, operating_points
from ml.evaluation.metrics.ranking import rank

Array = NDArray[Any]
DRAWS = 1000


def evaluate_probabilities(
    probabilities: Array,
    truth: Sequence[Any] | Array,
    classes: Sequence[str],
    positive: Sequence[str],
    groups: Array | None = None,
    *,
    seed: int = 0,
    draws: int = DRAWS,
    threshold: float = 0.5,
) -> dict[str, Any]:
    """Return the metrics of class probabilities; `docs/metrics.md` defines every one.

    Parameters
    ----------
    probabilities
        (N, K) float, rows sum to 1. Rows with NaN (not scored) are left out and counted in "unscored".
    truth
        (N,) class names, or class numbers 0..K-1.
    classes, positive
        The K names and the real ones among them.
    groups
        (N,) object groups for the bootstrap; each row its own group if None.
    seed, draws
        Of the bootstrap.
    threshold
        Probability from which a subject is called real, 0..1. If the only classes are real and bogus, accuracy, kappa
        and confusion use it too; else the most probable class.

    Returns
    -------
    n, unscored, classes, positive, threshold, accuracy, roc_auc, pr_auc, precision, recall, f1, kappa, mcc, log_loss,
    ece, confusion (rows true); operating (operating points, such as "rejected_at_0.996": the fraction of bogus rejected
    when 99.6 % of real are kept); intervals (95 %, by object, of every metric and point that has one); notes (caveats
    of the data, and remedies). Undefined metrics are None, so the result is JSON.

    Raises
    ------
    ValueError
        If there is nothing to evaluate, or a true class is not among `classes`.
    """
    p, numbers, groups = _scored(probabilities, class_numbers(truth, classes), groups)
    unscored = len(probabilities) - len(p)
    columns = [list(classes).index(name) for name in positive]
    real, p_real = np.isin(numbers, columns), np.clip(p[:, columns].sum(1), 0, 1)
    predicted = predicted_class(p, columns, threshold)
    drawn = class_draws(numbers, p, predicted, real, p_real, threshold, np.ones((1, len(p))))
    whole = {name: float(values[0]) for name, values in drawn.items()}
    points = operating_points(rank(real, p_real)).keys()
    spans = class_intervals(
        numbers, p, real, p_real, groups, predicted=predicted, threshold=threshold, seed=seed, draws=draws
    )
    result = {
        "n": len(p),
        "unscored": unscored,
        "classes": list(classes),
        "positive": list(positive),
        "threshold": threshold,
        **{name: value for name, value in whole.items() if name not in points},
        "confusion": confusion_counts(numbers, predicted, p.shape[1]).tolist(),
        "operating": {name: whole[name] for name in points},
        "intervals": {name: span for name, span in spans.items() if math.isfinite(span[0])},
        "notes": caveats(numbers, classes, positive, unscored),
    }
    return jsonable(result)


def _scored(probabilities: Array, numbers: Array, groups: Array | None) -> tuple[Array, Array, Array]:
    """Return probabilities, class numbers and groups of the rows that have a score."""
    p = np.asarray(probabilities, dtype=np.float64)
    groups = np.arange(len(p)) if groups is None else np.asarray(groups)
    scored = np.isfinite(p).all(1)
    if not scored.any():
        raise ValueError("There is nothing to evaluate: no subject has both a score and a true label.")
    return p[scored], numbers[scored], groups[scored]


def class_numbers(truth: Sequence[Any] | Array, classes: Sequence[str]) -> NDArray[np.intp]:
    """Return class numbers (N,) from class names or numbers; ValueError names an unknown one."""
    values = np.asarray(truth)
    if values.dtype.kind in "iu":
        if values.size and (values.min() < 0 or values.max() >= len(classes)):
            raise ValueError(f"True class numbers must be 0 to {len(classes) - 1}.")
        return values.astype(np.intp)
    column = {name: k for k, name in enumerate(classes)}
    unknown = sorted(set(values.tolist()) - set(column))
    if unknown:
        raise ValueError(
            f"True class {unknown[0]!r} is not one of the model's classes {', '.join(classes)}."
            " Correct the label, or evaluate a model with this class."
        )
    return np.array([column[name] for name in values.tolist()], dtype=np.intp)


def bootstrap_difference(
    truth: Array,
    p_a: Array,
    p_b: Array,
    groups: Array | None = None,
    n: int = DRAWS,
) -> tuple[float, float, float]:
    """Return how much larger model a's ROC AUC is than model b's on the same subjects: (difference, low, high) at 95 %.

    Both models are evaluated on the same bootstrap samples of whole groups, so common noise cancels.

    Parameters
    ----------
    truth
        (N,) bool, True for real.
    p_a, p_b
        (N,) probabilities of being real.
    groups
        (N,) object groups; each row its own if None.
    n
        Number of bootstrap samples.

    Raises
    ------
    ValueError
        For arrays of different lengths.
    """
    truth = np.asarray(truth, dtype=bool)
    if not len(truth) == len(p_a) == len(p_b):
        raise ValueError(f"Lengths differ: {len(truth)} truths, {len(p_a)} and {len(p_b)} probabilities.")
    groups = np.arange(len(truth)) if groups is None else groups

    def gain(weights: Array | None) -> NDArray[np.float64]:
        return rank(truth, p_a, weights).roc_auc() - rank(truth, p_b, weights).roc_auc()

    drawn = np.concatenate([gain(weights) for weights in bootstrap_weights(groups, n, seed=0)])
    return float(gain(None)[0]), *interval(drawn)


def jsonable(value: Any) -> Any:
    """Return the value with NaN and infinities as None and numpy numbers as Python ones, for JSON."""
    if isinstance(value, dict):
        return {key: jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
