"""How well a share is known from counts: the middle nine tenths of what it may be."""

from dataclasses import dataclass
from functools import lru_cache

from scipy.special import betaincinv

LEVEL = 0.9


@dataclass(frozen=True, slots=True)
class Share:
    """`right` of `n`; between `low` and `high` with a probability of `LEVEL`."""

    right: int
    n: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """The share itself; None before the first answer."""
        return self.right / self.n if self.n else None


@lru_cache(maxsize=20_000)
def share_of(right: int, n: int) -> Share:
    """Return a share with its central interval.

    Parameters
    ----------
    right : int
        Successes, 0 to `n`.
    n : int
        Trials; with none, the interval is that of the prior.

    Notes
    -----
    Quantiles of Beta(right + 1/2, n - right + 1/2), the posterior under Jeffreys' prior; where all or none succeeded,
    the outer end is 1 or 0. Brown, Cai & DasGupta 2001, Statistical Science 16, 101.
    """
    tail = (1 - LEVEL) / 2
    low, high = betaincinv(right + 0.5, n - right + 0.5, [tail, 1 - tail])
    return Share(right, n, 0.0 if n and not right else float(low), 1.0 if n and right == n else float(high))
