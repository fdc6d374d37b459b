"""Bootstrap by object: weights, intervals and bands."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHUNK = 1_000_000  # numbers held at once while bootstrapping
Array = NDArray[Any]


def bootstrap_weights(groups: Array, n: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield blocks (b, N) of row counts in `n` bootstrap samples of whole groups.

    The rows of one object are not independent, so they are resampled together (Field & Welsh 2007, JRSS B 69, 369, the
    cluster bootstrap).

    Parameters
    ----------
    groups
        (N,) of any sortable type; equal values are one object. N is at least 1.
    n, seed
        Number of samples, and the seed.
    """
    _, inverse = np.unique(np.asarray(groups), return_inverse=True)
    inverse = inverse.ravel()
    count = int(inverse.max()) + 1
    random = np.random.default_rng(seed)
    step = max(1, CHUNK // max(len(inverse), count))
    for start in range(0, n, step):
        size = min(step, n - start)
        drawn = random.integers(count, size=(size, count)) + count * np.arange(size)[:, None]
        times = np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count)
        yield times[:, inverse].astype(np.float64)


def bootstrap(
    figures: Callable[[NDArray[np.float64]], dict[str, Array]], groups: Array, n: int = 1000, seed: int = 0
) -> dict[str, NDArray[np.float64]]:
    """Return every metric of every bootstrap sample.

    Parameters
    ----------
    figures
        From weights (b, N) to arrays (b, …) by name: a row of weights is one sample.
    groups, n, seed
        As for `bootstrap_weights`.

    Returns
    -------
    Arrays (n, …) by name.
    """
    blocks = [figures(weights) for weights in bootstrap_weights(groups, n, seed)]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def interval(values: Array, level: float = 0.95) -> tuple[float, float]:
    """Return the central interval of bootstrap values, ignoring NaN; (NaN, NaN) if none is finite."""
    finite = np.asarray(values)[np.isfinite(values)]
    if not finite.size:
        return math.nan, math.nan
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def band(values: Array, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the central interval at every point of a curve: draws (n, G) to low and high (G,).

    NaN draws are ignored at their point; a point without a finite draw is NaN.
    """
    spans = [interval(column, level) for column in np.asarray(values).T]
    low, high = np.array(spans, dtype=np.float64).reshape(-1, 2).T
    return low, high
