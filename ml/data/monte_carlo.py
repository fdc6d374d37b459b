"""Monte Carlo cross-validation: train and evaluate on many random splits of the same subjects."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
        From (training and validation, with `held` set) and test examples to metrics by name.
    splits, seed
        Number of splits, at least 2, and the seed of the first.

    Returns
    -------
    For each metric its mean over the splits, its standard deviation, and the 95 % interval of the mean by Student's t.
    The splits share subjects, so the interval is narrower than that of as many independent samples.
    """
    if splits < 2:
        raise ValueError(f"--monte-carlo needs at least 2 splits for an interval, not {splits}.")
    told: dict[str, list[float]] = {}
    for learnt, test in _splits(examples, splits, seed):
        for name, value in judged(learnt, test).items():
            told.setdefault(name, []).append(value)
    return {"splits": splits, **{name: _summary(np.array(values, dtype=float)) for name, values in told.items()}}


def _splits(examples: Examples, splits: int, seed: int) -> Iterator[tuple[Examples, Examples]]:
    kinds = examples.targets.argmax(1)
    for number in range(splits):
        fold = grouped_folds(examples.groups, kinds, TENTHS, seed + number)
        test, held = fold < TEST, (fold >= TEST) & (fold < TEST + VALIDATION)
        if not test.any() or not held.any():
            raise ValueError(
                f"{len(np.unique(examples.groups))} objects are too few to split 70/20/10: ten or more are needed."
            )
        learnt = replace(examples, held=held).take(np.flatnonzero(~test))
        yield learnt, examples.take(np.flatnonzero(test))


def _summary(values: NDArray[np.float64]) -> dict[str, float]:
    from scipy.stats import t  # takes seconds to import, and other commands do not need it

    values = values[np.isfinite(values)]
    if len(values) < 2:
        return {"mean": float(values.mean()) if len(values) else float("nan")}
    deviation = float(values.std(ddof=1))
    half = float(t.ppf(0.975, len(values) - 1)) * deviation / np.sqrt(len(values))
    mean = float(values.mean())
    return {"mean": mean, "sd": deviation, "low": mean - half, "high": mean + half}
