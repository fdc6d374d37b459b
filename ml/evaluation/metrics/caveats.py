"""Caveats of an evaluation: what this test set can't show, and what would help."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def caveats(truth: Array, classes: Sequence[str], positive: Sequence[str], unscored: int) -> list[str]:
    """Return a sentence for each missing thing, with its remedy; empty if nothing is missing.

    Parameters
    ----------
    truth
        (N,) class numbers of the scored subjects.
    classes, positive
        The K names, and the real ones among them.
    unscored
        Number of subjects left out because of NaN scores.
    """
    counts = np.bincount(np.asarray(truth, dtype=np.intp), minlength=len(classes))
    real = sum(counts[list(classes).index(name)] for name in positive)
    return [*_sides(int(real), int(counts.sum())), *_empty(counts, classes), *_unscored(unscored, int(counts.sum()))]


def _sides(real: int, n: int) -> list[str]:
    if 0 < real < n:
        return []
    side, other = ("real", "bogus") if real else ("bogus", "real")
    return [
        f"All {n} subjects are {side}, so the ROC AUC and everything that compares real with bogus is unknown."
        f" Add {other} subjects to the data, or name the real classes with --positive."
    ]


def _empty(counts: Array, classes: Sequence[str]) -> list[str]:
    names = [name for name, count in zip(classes, counts, strict=True) if not count]
    if not names:
        return []
    return [
        f"No subject is labelled {', '.join(names)}, so nothing is known about the model's performance on"
        f" {'it' if len(names) == 1 else 'them'}. Add such subjects to the data if they occur on your sky."
    ]


def _unscored(unscored: int, n: int) -> list[str]:
    if not unscored:
        return []
    return [
        f"{unscored} of {unscored + n} subjects have no score (NaN) and are left out of every figure."
        " Look for missing pixels in them, and score them again."
    ]
