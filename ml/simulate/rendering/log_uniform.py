"""Log-uniform random draws: equal chances per factor, as for sizes, brightness and rates over decades."""

import numpy as np


def log_uniform(rng: np.random.Generator, low: float, high: float, size: int | tuple[int, ...]) -> np.ndarray:
    """Draw numbers whose logarithm is uniform.

    Parameters
    ----------
    low, high : float
        Limits, above 0.
    size : int or tuple of int
        Shape of the result.

    Returns
    -------
    float64 array of shape `size`, between `low` and `high`
    """
    return np.asarray(np.exp(rng.uniform(np.log(low), np.log(high), size)))


def log_uniform_scalar(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw one such number."""
    return float(log_uniform(rng, low, high, 1)[0])
