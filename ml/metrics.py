"""How good a classifier is, and how sure we are of that; no torch here."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, cohen_kappa_score, confusion_matrix, matthews_corrcoef

CHUNK = 4_000_000  # numbers held at once while bootstrapping
Array = NDArray[Any]


def roc_auc(truth: Array, score: Array) -> float:
    """Return the chance that a real subject scores above a bogus one, ties counting half.

    The Mann–Whitney statistic, U / (n₁ n₀).

    Parameters
    ----------
    truth
        (N,) bool, True for real.
    score
        (N,) float, larger for real.

    Returns
    -------
    0..1, or NaN where only one kind is present.

    Examples
    --------
    >>> roc_auc(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.75
    """
    truth = np.asarray(truth, dtype=bool)
    real, bogus = int(truth.sum()), int((~truth).sum())
    if not real or not bogus:
        return math.nan
    ranks = rankdata(np.asarray(score, dtype=np.float64))
    return float((ranks[truth].sum() - real * (real + 1) / 2) / (real * bogus))


def pr_auc(truth: Array, score: Array) -> float:
    """Return the average precision, 0..1; NaN without a real subject."""
    truth = np.asarray(truth, dtype=bool)
    return float(average_precision_score(truth, score)) if truth.any() else math.nan


def binary(truth: Array, p_real: Array, threshold: float = 0.5) -> dict[str, float]:
    """Return the real/bogus figures: roc_auc, pr_auc, precision, recall, f1, mcc at `threshold`.

    A ratio without a denominator (no subject called real, say) is NaN.
    """
    truth = np.asarray(truth, dtype=bool)
    called = np.asarray(p_real) >= threshold
    hits = float((truth & called).sum())
    both = float(truth.sum() + called.sum())
    return {
        "roc_auc": roc_auc(truth, p_real),
        "pr_auc": pr_auc(truth, p_real),
        "precision": hits / called.sum() if called.any() else math.nan,
        "recall": hits / truth.sum() if truth.any() else math.nan,
        "f1": 2 * hits / both if both else math.nan,
        "mcc": float(matthews_corrcoef(truth, called)),
    }


def confusion(truth: Array, predicted: Array, classes: int) -> NDArray[np.int64]:
    """Return counts (K, K): row the true class, column the predicted one."""
    return confusion_matrix(truth, predicted, labels=range(classes))


def kappa(truth: Array, predicted: Array, classes: int) -> float:
    """Return Cohen's κ, agreement beyond chance; NaN if everything is of one class on both sides."""
    if len(set(np.asarray(truth).tolist()) | set(np.asarray(predicted).tolist())) < 2:
        return math.nan
    return float(cohen_kappa_score(truth, predicted, labels=range(classes)))


def log_loss(truth: Array, probabilities: Array) -> float:
    """Return the mean of -log p(true class), in nats; probabilities below 1e-7 count as 1e-7."""
    chosen = np.asarray(probabilities, dtype=np.float64)[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(chosen, 1e-7, 1)).mean())


def ece(truth: Array, p_real: Array, bins: int = 15) -> float:
    """Return the expected calibration error of p_real, 0..1, over `bins` of equal width.

    Σ_b n_b/N · |mean p_real − share of real|  (Naeini et al. 2015, AAAI, Obtaining Well Calibrated Probabilities).
    """
    p = np.asarray(p_real, dtype=np.float64)
    bin_of = np.minimum((p * bins).astype(np.intp), bins - 1)
    gap = np.bincount(bin_of, weights=p - np.asarray(truth, dtype=np.float64), minlength=bins)
    return float(np.abs(gap).sum() / len(p))


def bootstrap_weights(groups: Array, n: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield blocks (b, N) of how often each row is drawn, in all `n` draws of whole groups with replacement.

    One object's rows stand and fall together, since they are not independent.
    """
    _, inverse = np.unique(np.asarray(groups), return_inverse=True)
    inverse = inverse.ravel()
    count = int(inverse.max()) + 1
    random = np.random.default_rng(seed)
    step = max(1, CHUNK // max(len(inverse), count))
    for start in range(0, n, step):
        draws = random.multinomial(count, np.full(count, 1 / count), size=min(step, n - start))
        yield draws[:, inverse].astype(np.float64)


def weighted_roc_auc(truth: Array, score: Array, weights: Array) -> NDArray[np.float64]:
    """Return the AUC (b,) under each row of `weights` (b, N); NaN where only one kind has weight.

    Sorted once: a bogus row of a given score is beaten by the real weight above it and half of that beside it.
    """
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(np.asarray(score)[order]) != 0])
    sorted_weights = weights[:, order]
    is_real = np.asarray(truth, dtype=bool)[order]
    real = np.add.reduceat(sorted_weights * is_real, starts, axis=1)
    bogus = np.add.reduceat(sorted_weights * ~is_real, starts, axis=1)
    below = np.cumsum(bogus, axis=1) - bogus / 2
    pairs = real.sum(1) * bogus.sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(pairs > 0, (real * below).sum(1) / pairs, np.nan)


def interval(values: Array, level: float = 0.95) -> tuple[float, float]:
    """Return the central interval of bootstrap values, NaN ignored; (NaN, NaN) if none is finite."""
    finite = np.asarray(values)[np.isfinite(values)]
    if not finite.size:
        return math.nan, math.nan
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
