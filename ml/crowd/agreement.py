"""Inter-annotator agreement from counts of answers: (n_items, K) arrays, abstentions as a column or left out."""

import math

import numpy as np
from scipy.special import entr

from ml.crowd.majority import fractions_of


def fraction(counts: np.ndarray) -> np.ndarray:
    """Return the fraction of the most common answer (n_items,): 1/K to 1, NaN without answers.

    >>> fraction(np.array([[3, 1], [0, 0]]))
    array([0.75,  nan])
    """
    return where_answered(fractions_of(counts).max(axis=1), counts, 1)


def answer_entropy(counts: np.ndarray) -> np.ndarray:
    """Return the entropy of the answers (n_items,) in bits: 0 to log2 K, NaN without answers."""
    return where_answered(entr(fractions_of(counts)).sum(axis=1) / np.log(2), counts, 1)


def pairwise(counts: np.ndarray) -> np.ndarray:
    """Return the fraction of pairs of people with the same answer (n_items,), NaN below two answers."""
    total = counts.sum(axis=1)
    same = (counts * (counts - 1.0)).sum(axis=1)
    return where_answered(same / np.maximum(total * (total - 1.0), 1), counts, 2)


def fleiss_kappa(counts: np.ndarray) -> float:
    """Agreement beyond chance over all items: 1 perfect, 0 chance; NaN where it is not defined.

    `counts` are (n_items, K). Items may have different numbers of answers; those with fewer than two are left out.

    Source: Fleiss 1971, Psychological Bulletin 76, 378, with the mean over items weighted by their pairs' answers.
    """
    shared = counts[counts.sum(axis=1) >= 2]
    if not len(shared):
        return float("nan")
    weights = shared.sum(axis=1)
    observed = float(np.average(pairwise(shared), weights=weights))
    expected = float((fractions_of(shared.sum(axis=0, keepdims=True)) ** 2).sum())
    return (observed - expected) / (1 - expected) if expected < 1 else float("nan")


def where_answered(values: np.ndarray, counts: np.ndarray, least: int) -> np.ndarray:
    """Return values (n_items,), NaN for items with fewer than `least` answers in counts (n_items, K)."""
    return np.where(counts.sum(axis=1) >= least, values, np.nan)


def agreement_summary(counts: np.ndarray) -> dict[str, float | None]:
    """Return Fleiss' kappa over all items of (n_items, K), and the means of the rest; None where nothing is defined."""
    result = {"fleiss_kappa": fleiss_kappa(counts)}
    for name, values in (
        ("pairwise", pairwise(counts)),
        ("fraction", fraction(counts)),
        ("entropy", answer_entropy(counts)),
    ):
        known = values[np.isfinite(values)]
        result[name] = float(known.mean()) if len(known) else math.nan
    return {name: round(value, 6) if math.isfinite(value) else None for name, value in result.items()}
