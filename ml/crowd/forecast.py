"""Forecast of when a campaign ends: votes that open subjects still need, and the rate of votes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
DRAWS = 2000
LEVEL = 0.9
LEAST_DAYS = 3
LEAST_VOTES = 30
LEAST_RETIRED = 20


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval; `high` may be infinite."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """The remaining votes and the time they take, or why no forecast is possible.

    Attributes
    ----------
    cannot_tell : str
        Empty, or one of "days", "votes", "retired": the data that are too few for an estimate.
    votes_needed : Estimate or None
        Votes until every open subject is retired.
    per_day : Estimate or None
        Votes per day.
    days : Estimate or None
        Days from now until then.
    """

    cannot_tell: str = ""
    votes_needed: Estimate | None = None
    per_day: Estimate | None = None
    days: Estimate | None = None


def survival(retired: Array, not_retired: Array, most: int) -> NDArray[np.float64]:
    """Return the Kaplan–Meier probability that a subject is still open after its k-th vote, k = 0 … `most`.

    Parameters
    ----------
    retired : (…, most + 1) array
        Subjects that were retired by exactly k votes.
    not_retired : (…, most + 1) array
        Subjects with k votes that are open, or were removed: censored observations.
    most : int
        Nothing stays open with this many votes.

    Returns
    -------
    (…, most + 1) array
        1 at k = 0, non-increasing, 0 at `most`. Constant where no subject ever had k votes.

    Examples
    --------
    Of four subjects, two were retired by their third vote, one has two votes, and one is open after three:

    >>> survival(np.array([0, 0, 0, 2, 0]), np.array([0, 0, 1, 1, 0]), 4).round(3)
    array([1.   , 1.   , 1.   , 0.333, 0.   ])
    """
    ended, left = np.asarray(retired, dtype=float), np.asarray(not_retired, dtype=float)
    at_risk = np.flip(np.cumsum(np.flip(ended + left, axis=-1), axis=-1), axis=-1)
    open_still = np.cumprod(1 - ended / np.maximum(at_risk, 1), axis=-1)
    open_still[..., most] = 0.0
    return open_still


def expected_more(open_still: Array) -> NDArray[np.float64]:
    """Return the mean residual life: how many more votes a subject that is open after k needs, k = 0 … most.

    At least one, since it is open; 0 at `most`. `open_still` (…, most + 1) is the probability, 0..1 and never rising,
    that a subject is open after k votes.

    >>> expected_more(np.array([1.0, 1.0, 0.5, 0.0]))
    array([2.5, 1.5, 1. , 0. ])
    """
    ahead = np.flip(np.cumsum(np.flip(open_still, axis=-1), axis=-1), axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        more = np.where(open_still > 0, ahead / open_still, 1.0)
    more[..., -1] = 0.0
    return more


def forecast(
    retired: Array, open_by_votes: Array, votes_by_day: Array, *, taken_away: Array | None = None, crowd: float = 1.0,
    seed: int = 0,
) -> Forecast:  # fmt: skip
    """Forecast when all open subjects are retired, if volunteers continue at the pace of the given days.

    Parameters
    ----------
    retired : (most + 1,) int array
        Subjects retired by votes, by their number of votes, at most `most`.
    open_by_votes : (most + 1,) int array
        Open subjects by their number of votes.
    votes_by_day : (D,) int array
        Votes on such subjects on each of the last complete days.
    taken_away : (most + 1,) int array, optional
        Subjects retired by hand, by their number of votes.
    crowd : float
        Factor on the number of people.
    seed : int
        The same seed gives the same interval.

    Returns
    -------
    Forecast
        Medians and central intervals of `LEVEL`. Without open subjects, nothing is needed and no day is left.

    Notes
    -----
    Votes to retirement are estimated by Kaplan & Meier (1958, JASA 53, 457), so that hard subjects, which are open
    longest, are included. Subjects and days are bootstrapped `DRAWS` times. For each sample the incoming votes are a
    Brownian motion with the sample's daily mean and variance (at least Poisson's), whose first-passage time is inverse
    Gaussian. Days are assumed independent and identically distributed: whole weeks are the better input.
    """
    days = np.asarray(votes_by_day, dtype=float)
    if np.sum(open_by_votes) == 0:
        nothing = Estimate(0.0, 0.0, 0.0)
        return Forecast(votes_needed=nothing, days=nothing)
    if missing := _missing(retired, days):
        return Forecast(cannot_tell=missing)
    random = np.random.default_rng(seed)
    away = np.zeros_like(np.asarray(retired)) if taken_away is None else np.asarray(taken_away)
    needed = _needed(np.asarray(retired), np.asarray(open_by_votes), away, random)
    drawn = crowd * days[random.integers(len(days), size=(DRAWS, len(days)))]
    mean = drawn.mean(axis=1)
    variance = np.maximum(drawn.var(axis=1) / crowd, mean)
    days_left = _arrival(needed, mean, variance, random)
    return Forecast(votes_needed=_estimate(needed), per_day=_estimate(mean), days=_estimate(days_left))


def _missing(retired: Array, days: Array) -> str:
    if len(days) < LEAST_DAYS:
        return "days"
    if days.sum() < LEAST_VOTES:
        return "votes"
    return "retired" if np.sum(retired) < LEAST_RETIRED else ""


def _needed(retired: Array, open_by_votes: Array, away: Array, random: np.random.Generator) -> Array:
    """Return the votes needed in each bootstrap sample of subjects: (DRAWS,)."""
    size, known = len(retired), np.concatenate([retired, open_by_votes + away])
    total = int(known.sum())
    drawn = random.multinomial(total, known / total, size=DRAWS)
    more = expected_more(survival(drawn[:, :size], drawn[:, size:], size - 1))
    # An open subject with the maximum of votes is about to retire, or waits for one last vote.
    return np.asarray(np.maximum(more, 1) @ open_by_votes)


def _arrival(needed: Array, mean: Array, variance: Array, random: np.random.Generator) -> Array:
    days = np.full(len(needed), np.inf)
    goes = mean > 0
    days[goes] = random.wald(needed[goes] / mean[goes], needed[goes] ** 2 / variance[goes])
    return days


def _estimate(values: Array) -> Estimate:
    tail = (1 - LEVEL) / 2
    low, middle, high = np.quantile(values, [tail, 0.5, 1 - tail], method="nearest")
    return Estimate(float(middle), float(low), float(high))
