"""Options that simulators share: their ranges, and the classes of a sky, usual or with a fraction of movers."""

from collections.abc import Sequence

import numpy as np


def check_range(low: float, high: float, unit: str = "", **options: float) -> None:
    """Raise ValueError for an option that is outside of low to high (and a unit, " pixels"), or NaN."""
    for name, value in options.items():
        if not low <= value <= high:
            raise ValueError(f"{name} must lie between {low:g} and {high:g}{unit}, not {value}")


def check_count(n: int) -> None:
    """Raise ValueError for a number of subjects below 1."""
    if n < 1:
        raise ValueError(f"n must be at least 1, not {n}")


def class_mix(size: int, usual: Sequence[str], real: Sequence[str], share: float | None) -> np.ndarray:
    """Return `size` class names, not shuffled.

    Parameters
    ----------
    size : int
    usual : sequence of str
        The cycle of classes of the usual mix, taken if `share` is None.
    real : sequence of str
        Classes of movers, which share their fraction evenly; the other classes share the rest.
    share : float in 0..1, or None
        Fraction of movers, rounded to whole subjects.

    Examples
    --------
    >>> class_mix(5, ("SSO", "CR", "SSO", "STAR"), ("SSO",), 0.2).tolist()
    ['SSO', 'CR', 'STAR', 'CR', 'STAR']
    """
    if share is None:
        return np.resize(usual, size)
    movers = round(share * size)
    bogus = [name for name in dict.fromkeys(usual) if name not in real]
    return np.concatenate([np.resize(real, movers), np.resize(bogus, size - movers)])
