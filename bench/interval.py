"""The interval of a mean over a few runs."""

from collections.abc import Sequence

import numpy as np
from scipy import stats


def interval(values: Sequence[float]) -> dict[str, float]:
    """Return the mean, and half the width of its interval of 95 % (Student's t); no interval of a single value."""
    n = len(values)
    found = {"mean": round(float(np.mean(values)), 4)}
    if n > 1:
        found["half_width"] = round(float(stats.t.ppf(0.975, n - 1) * np.std(values, ddof=1) / np.sqrt(n)), 4)
    return found
