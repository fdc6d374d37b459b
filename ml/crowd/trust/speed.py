"""Impossible speed: more than half of many answers came sooner than anybody can look."""

import numpy as np
from scipy.stats import binom

from ml.crowd.trust.answers import Answers
from ml.crowd.trust.flag import SPEED, Flag
from ml.crowd.trust.limits import Limits


def too_fast(answers: Answers, limits: Limits) -> list[Flag]:
    """Flag by a sign test: p is the chance of so many quick answers if the true median were the limit.

    Answers of unknown or negative duration are left out: a clock that was set back accuses nobody.
    """
    timed = np.isfinite(answers.seconds) & (answers.seconds >= 0)
    quick = timed & (answers.seconds < limits.seconds)
    total = np.bincount(answers.volunteer[timed], minlength=answers.n_volunteers)
    hits = np.bincount(answers.volunteer[quick], minlength=answers.n_volunteers)
    p = binom.sf(hits - 1, total, 0.5)
    bound = limits.chance / max(answers.n_volunteers, 1)
    found = np.flatnonzero((total >= limits.answers) & (p < bound))
    flags = []
    for who in found.tolist():
        median = float(np.median(answers.seconds[timed & (answers.volunteer == who)]))
        numbers = {"n": int(total[who]), "median": round(median, 2), "limit": limits.seconds}
        flags.append(Flag(who, SPEED, float(p[who]), numbers))
    return flags
