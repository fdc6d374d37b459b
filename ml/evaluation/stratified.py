"""Stratified evaluation: completeness by magnitude, rate and S/N, and metrics by night."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation import metrics
from ml.evaluation.completeness import Search
from ml.evaluation.observing_conditions import Conditions

Array = NDArray[Any]
CUT = 0.996  # completeness for the table of nights, after Rabeendran & Denneau 2021
LIMITS = 4  # magnitude limits


@dataclass(frozen=True)
class Answers:
    """A classifier's answers for N subjects, and the truth.

    Attributes
    ----------
    real, p_real
        (N,) bool, and the probability of being real, 0..1, no NaN.
    groups
        (N,) objects.
    threshold
        p_real from which a subject is called real.
    seen
        Observing conditions of the N subjects.
    """

    real: NDArray[np.bool_]
    p_real: NDArray[np.float64]
    groups: Array
    threshold: float
    seen: Conditions

    @property
    def found(self) -> NDArray[np.bool_]:
        """Return for each real subject whether it is called real."""
        return self.p_real[self.real] >= self.threshold

    @property
    def sought(self) -> Search:
        """Return the real subjects, which of them are found, and their scores."""
        return Search(self.found, self.p_real[self.real], self.seen.take(self.real))


def stratified(answers: Answers) -> dict[str, Any]:
    """Return completeness and nights, ready for JSON; unknown ones are absent.

    Returns
    -------
    completeness
        Of the real subjects; see `Search.completeness`.
    magnitude_limits
        For each limit: n, roc_auc, pr_auc of real subjects brighter than it against all bogus ones.
    nights
        One row per night: night, unknown, real, false_positive, false_positive_rate, false_negative, to_look_at, at the
        threshold that keeps 99.6 % of the real ones.
    """
    limits, nights = by_limit(answers), by_nights(answers)
    return {
        "completeness": answers.sought.completeness(),
        "magnitude_limits": [] if limits is None else [_limit_row(limits, limit) for limit in limits.limits],
        "nights": [] if nights is None else night_rows(nights[0]),
    }


def by_limit(answers: Answers) -> metrics.VoxelHistogram | None:
    """Return metrics by magnitude limit, at quartiles of the real subjects; None without both kinds or magnitudes."""
    mags = answers.seen.mag[answers.real]
    mags = mags[np.isfinite(mags)]
    if not len(mags) or answers.real.all():
        return None
    inner = np.round(np.quantile(mags, np.arange(1, LIMITS) / LIMITS), 1)
    limits = sorted({*inner.tolist(), float(np.ceil(mags.max() * 10 + 0.5) / 10)})
    histogram = metrics.VoxelHistogram(tuple(limits))
    histogram.add(answers.p_real, answers.seen.mag, answers.real)
    return histogram


def by_nights(answers: Answers) -> tuple[metrics.Nights, float] | None:
    """Return the nights and the threshold that keeps 99.6 % of the real subjects; None without nights or real ones."""
    if not (answers.seen.night != "").any() or not answers.real.any():
        return None
    threshold = float(metrics.threshold_at_completeness(metrics.rank(answers.real, answers.p_real), CUT)[0])
    return metrics.by_night(answers.seen.night, answers.real, answers.p_real, threshold), threshold


def night_rows(nights: metrics.Nights) -> list[dict[str, Any]]:
    """Return one dictionary per night."""
    columns = {
        "night": nights.night,
        "unknown": nights.unknown,
        "real": nights.real,
        "false_positive": nights.false_positive,
        "false_positive_rate": nights.false_positive_rate,
        "false_negative": nights.false_negative,
        "to_look_at": nights.to_look_at,
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*(c.tolist() for c in columns.values()), strict=True)]


def _limit_row(histogram: metrics.VoxelHistogram, limit: float) -> dict[str, Any]:
    curve = histogram.curve(limit, extreme=0)
    return {"limit": limit, "n": int(curve.positives.sum()), "roc_auc": curve.roc_auc(), "pr_auc": curve.pr_auc()}
