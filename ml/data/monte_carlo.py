"""Monte Carlo cross-validation: train and evaluate on many random splits of the same subjects."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from ml.data.dataset import Examples, grouped_folds

TENTHS = 10
VALIDATION, TEST = 2, 1  # of ten; the rest is for training

Judged = Callable[[Examples, Examples], dict[str, float]]


def monte_carlo(examples: Examples, judged: Judged, *, splits: int, seed: int) -> dict[str, Any]:
    """Return metrics over random splits into 70 % training, 20 % validation and 10 % test, by object.

    Xu & Liang 2001, as Lieu et al. 2019, section 3.5.

    Parameters
    ----------
    examples
        All examples; a group stays on one side.
    judged
        From (training and validation, with `val_mask` written down) and test examples to figures by name.
    splits, seed
        Number of splits, at least 2, and the seed of the first.

    Returns
    -------
    For each metric its mean over the splits, its standard deviation, and the 95 % interval of the mean by Student's t.
    The splits share subjects, so the interval is narrower than that of as many independent samples.
    """
    if splits < 2:
        raise ValueError(f"--monte-carlo needs at least 2 splits for an interval, not {splits}.")
    figures: dict[str, list[float]] = {}
    for train_part, test in _splits(examples, splits, seed):
        for name, value in judged(train_part, test).items():
            figures.setdefault(name, []).append(value)
    return {"splits": splits, **{name: _summary(np.array(values, dtype=float)) for name, values in figures.items()}}


def _splits(examples: Examples, splits: int, seed: int) -> Iterator[tuple[Examples, Examples]]:
    kinds = examples.targets.argmax(1)
    for number in range(splits):
        fold = grouped_folds(examples.groups, kinds, TENTHS, seed + number)
        test, val_mask = fold < TEST, (fold >= TEST) & (fold < TEST + VALIDATION)
        if not test.any() or not val_mask.any():
            raise ValueError(
                f"{len(np.unique(examples.groups))} objects are too few to split 70/20/10: ten or more are needed."
            )
        train_part = replace(examples, val_mask=val_mask).take(np.flatnonzero(~test))
        yield train_part, examples.take(np.flatnonzero(test))


def _summary(values: NDArray[np.float64]) -> dict[str, float]:
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return {"mean": float(values.mean()) if len(values) else float("nan")}
    deviation = float(values.std(ddof=1))
    half = float(stdtrit(len(values) - 1, 0.975)) * deviation / np.sqrt(len(values))
    mean = float(values.mean())
    return {"mean": mean, "sd": deviation, "low": mean - half, "high": mean + half}
