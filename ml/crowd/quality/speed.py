"""Too fast: more than half of many answers came sooner than anybody can look."""

import numpy as np
from scipy.special import bdtrc

from ml.crowd.quality.answers import Answers
from ml.crowd.quality.flag import SPEED, Flag, Limits


def too_fast(answers: Answers, limits: Limits) -> list[Flag]:
    """Flag by a sign test: p is the probability of so many quick answers if the true median were the limit.

    Answers with unknown or negative duration are left out, so a clock that was set back flags nobody.
    """
    timed = np.isfinite(answers.seconds) & (answers.seconds >= 0)
    quick = timed & (answers.seconds < limits.seconds)
    total = np.bincount(answers.volunteer[timed], minlength=answers.n_volunteers)
    hits = np.bincount(answers.volunteer[quick], minlength=answers.n_volunteers)
    p = bdtrc(hits - 1, total, 0.5)
    bound = limits.chance / max(answers.n_volunteers, 1)
    found = np.flatnonzero((total >= limits.answers) & (p < bound))
    medians = medians_of(answers.volunteer[timed], answers.seconds[timed], found)
    return [
        Flag(
            who,
            SPEED,
            float(p[who]),
            {"n": int(total[who]), "median": round(median, 2), "limit": limits.seconds},
        )
        for who, median in zip(found.tolist(), medians, strict=True)
    ]


def medians_of(volunteer: np.ndarray, seconds: np.ndarray, wanted: np.ndarray) -> list[float]:
    """Median seconds of some volunteers, with one sort of all answers."""
    order = np.lexsort((seconds, volunteer))
    starts = np.searchsorted(volunteer[order], wanted)
    ends = np.searchsorted(volunteer[order], wanted, side="right")
    return [float(np.median(seconds[order[start:end]])) for start, end in zip(starts, ends, strict=True)]
