"""Calibration of consensus posteriors: reliability bins, ECE and Brier score against known classes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit

from ml.evaluation.metrics.binomial import jeffreys
from ml.evaluation.metrics.bootstrap import bootstrap_weights, interval
from ml.evaluation.metrics.calibration_error import ece

Array = NDArray[Any]
MOST_DRAWS, LEAST_DRAWS = 1000, 200
WIDEST = float(np.log(20))
LEAST_DOUBT = 1e-6
MOST_NUMBERS = 2_000_000
"""Maximum of draws times judged subjects, as long as that leaves `LEAST_DRAWS`."""


@dataclass(frozen=True, slots=True)
class Bin:
    """The judged subjects whose posterior is at least `low` and less than `high`; the last bin includes 1.

    Attributes
    ----------
    n, yes : int
        Number of subjects, and of those that are a yes.
    mean : float
        Their mean posterior.
    fraction, fraction_low, fraction_high : float
        The fraction of yes, with its Jeffreys interval.
    """

    low: float
    high: float
    n: int
    yes: int
    mean: float
    fraction: float
    fraction_low: float
    fraction_high: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """A reliability diagram in numbers.

    Attributes
    ----------
    bins : tuple of Bin
        The non-empty bins, lowest first.
    n, yes : int
    brier, ece : float
        Mean squared error (0..1, 0.25 for always saying 0.5), and expected calibration error (0..1).
    brier_interval, ece_interval : (float, float)
        Percentiles of a bootstrap over groups.
    ece_by_chance : float
        The `level` quantile of the calibration error if every posterior is exactly right: a larger error is not
        due to few subjects.
    draws : int
        Of the bootstrap.
    temperature : float or None
        By which the log odds are best divided, 1/20 to 20; above 1, posteriors are overconfident. None if all subjects
        are of one class, for which there is none.
    """

    bins: tuple[Bin, ...]
    n: int
    yes: int
    brier: float
    brier_interval: tuple[float, float]
    ece: float
    ece_interval: tuple[float, float]
    ece_by_chance: float
    level: float
    draws: int
    temperature: float | None


def calibration(
    truth: Array, posterior: Array, groups: Array | None = None, *, bins: int = 10, level: float = 0.95, seed: int = 0
) -> Calibration:
    """Compare posteriors with the subjects' known classes.

    Parameters
    ----------
    truth : (N,) bool
        True for yes.
    posterior : (N,) float in 0..1
        Probability of yes.
    groups : (N,) array, optional
        Rows of one object are resampled together; each is its own by default.
    bins : int
        Of equal width.
    level : float
        Of all intervals.
    seed : int
        The same seed gives the same intervals.

    Returns
    -------
    Calibration

    Raises
    ------
    ValueError
        Without a subject, for arrays of different lengths, or for a posterior that is NaN or outside 0..1.

    Notes
    -----
    Jeffreys interval: Brown, Cai & DasGupta 2001, Statistical Science 16, 101. The error expected by chance comes from
    truths sampled from the posteriors themselves: Bröcker & Smith 2007, Weather and Forecasting 22, 651.

    Examples
    --------
    >>> found = calibration(np.array([False, True, True, True]), np.array([0.05, 0.75, 0.75, 0.75]))
    >>> [(each.low, each.n, each.fraction) for each in found.bins]
    [(0.0, 1, 0.0), (0.7, 3, 1.0)]
    >>> round(found.brier, 4), round(found.ece, 4)
    (0.0475, 0.2)
    """
    is_yes, p = _checked(truth, posterior)
    names = np.arange(len(p)) if groups is None else np.asarray(groups)
    place = np.minimum((p * bins).astype(np.intp), bins - 1)
    in_bin = np.eye(bins)[place]
    errors, gaps = (p - is_yes) ** 2, p - is_yes
    draws = max(LEAST_DRAWS, min(MOST_DRAWS, MOST_NUMBERS // len(p)))
    briers, eces = _bootstrapped(names, errors, gaps[:, None] * in_bin, draws, seed)
    return Calibration(
        bins=tuple(_bin(is_yes, p, place, each, bins, level) for each in np.unique(place).tolist()),
        n=len(p),
        yes=int(is_yes.sum()),
        brier=float(errors.mean()),
        brier_interval=interval(briers, level),
        ece=ece(is_yes, p, bins),
        ece_interval=interval(eces, level),
        ece_by_chance=float(np.quantile(_by_chance(p, in_bin, draws, seed), level)),
        level=level,
        draws=draws,
        temperature=best_temperature(is_yes, p) if 0 < is_yes.mean() < 1 else None,
    )


def best_temperature(is_yes: Array, p: Array) -> float:
    """Return the temperature, 1/20 to 20, at which the log odds of posteriors (N,) give the lowest log loss."""
    odds = logit(np.clip(p, LEAST_DOUBT, 1 - LEAST_DOUBT)) * np.where(is_yes > 0.5, 1, -1)

    def log_loss(log_temperature: float) -> float:
        return float(np.logaddexp(0, -odds * np.exp(-log_temperature)).mean())

    return float(np.exp(minimize_scalar(log_loss, bounds=(-WIDEST, WIDEST), method="bounded").x))


def at_temperature(p: float, temperature: float) -> float:
    """Return a posterior, 0 to 1, with its log odds divided by a temperature.

    >>> round(at_temperature(0.99, 2.0), 3)
    0.909
    """
    return float(expit(logit(p) / temperature))


def _checked(truth: Array, posterior: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    is_yes, p = np.asarray(truth, dtype=bool).astype(float), np.asarray(posterior, dtype=float)
    if p.ndim != 1 or is_yes.shape != p.shape:
        raise ValueError(f"calibration compares two columns of one length, not {is_yes.shape} with {p.shape}")
    if not len(p):
        raise ValueError("calibration needs at least one judged subject")
    if not ((p >= 0) & (p <= 1)).all():  # false for NaN, too
        raise ValueError("a posterior lies between 0 and 1")
    return is_yes, p


def _bin(is_yes: Array, p: Array, place: Array, which: int, bins: int, level: float) -> Bin:
    chosen = place == which
    n, yes = int(chosen.sum()), int(is_yes[chosen].sum())
    low, high = jeffreys(np.array(yes), np.array(n), level)
    return Bin(which / bins, (which + 1) / bins, n, yes, float(p[chosen].mean()), yes / n, float(low), float(high))


def _bootstrapped(groups: Array, errors: Array, gaps: Array, draws: int, seed: int) -> tuple[Array, Array]:
    """Return Brier score and calibration error of each bootstrap sample: (draws,) each."""
    briers, eces = [], []
    for weights in bootstrap_weights(groups, draws, seed):
        total = weights.sum(axis=1)
        briers.append(weights @ errors / total)
        eces.append(np.abs(weights @ gaps).sum(axis=1) / total)
    return np.concatenate(briers), np.concatenate(eces)


def _by_chance(p: Array, in_bin: Array, draws: int, seed: int) -> Array:
    """Return calibration errors (draws,) of truths sampled from the posteriors themselves."""
    random = np.random.default_rng(seed)
    step = max(1, MOST_NUMBERS // len(p))
    sizes = [min(step, draws - start) for start in range(0, draws, step)]
    gaps = [np.abs((p - (random.random((size, len(p))) < p)) @ in_bin).sum(axis=1) for size in sizes]
    return np.concatenate(gaps) / len(p)
