"""Exact lower bounds of a classifier that made no mistake: a bootstrap repeats mistakes, and there is none to repeat.

With n objects of n right, the share that is right is at least α^(1/n), α half of 1 - level (Clopper & Pearson 1934,
Biometrika 26, 404).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
LEVEL = 0.95


def surest_share(n: int, level: float = LEVEL) -> float:
    """Return the exact lower bound, 0..1, of a share of which n of n were seen; NaN for none.

    Examples
    --------
    >>> round(surest_share(100), 3)
    0.964
    """
    return float(((1 - level) / 2) ** (1 / n)) if n else float("nan")


def surest_auc(real: Array, groups: Array, level: float = LEVEL) -> float:
    """Return the exact lower bound of the area under the ROC curve if every object is ranked correctly.

    Each of n real objects is paired with a bogus object of its own, n the smaller of the two numbers. The area is the
    chance that a pair is in the right order, of which n of n were seen. No higher bound holds for every model: one that
    misplaces a share 1 - α^(1/n) of the rarer kind beyond all of the other has this area, and with chance α shows no
    mistake. NaN if there is no pair.

    Parameters
    ----------
    real
        (N,) bool.
    groups
        (N,) the object of each subject.
    level
        Coverage, between 0 and 1.

    Examples
    --------
    >>> real = np.arange(200) < 100
    >>> round(surest_auc(real, np.arange(200)), 3)
    0.964
    """
    return surest_share(min(_objects(groups[real]), _objects(groups[~real])), level)


def surest_decisions(truth: Array, real: Array, called: Array, groups: Array) -> dict[str, float]:
    """Return the highest beginning of each metric's interval, as if every object had been judged correctly.

    Accuracy, precision and recall are shares of objects. F1 follows from precision and recall; κ and Matthews' φ from
    accuracy, with mistakes that leave the shares of classes as they are. The area under the precision–recall curve is
    that of a model which ranks the missed ones last. NaN where there is no object.

    Parameters
    ----------
    truth
        (N,) class numbers.
    real, called
        (N,) bool: whether the subject is real, and is called so.
    groups
        (N,) the object of each subject.
    """
    right, precision, recall = (surest_share(_objects(of)) for of in (groups, groups[called], groups[real]))
    return {
        "accuracy": right,
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall),
        "kappa": _beyond_chance(right, truth),
        "mcc": _beyond_chance(right, real),
        "pr_auc": recall,
    }


def _objects(groups: Array) -> int:
    return len(np.unique(groups))


def _beyond_chance(right: float, truth: Array) -> float:
    _, counts = np.unique(truth, return_counts=True)
    by_chance = float(((counts / counts.sum()) ** 2).sum())
    return (right - by_chance) / (1 - by_chance) if by_chance < 1 else float("nan")
