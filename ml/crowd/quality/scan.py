"""Quality checks of a survey's answers: too fast, too constant; and the scan that runs these and all others."""

import numpy as np
from scipy.special import bdtrc

from ml.crowd.answer import ANSWERS
from ml.crowd.quality.answers import Answers
from ml.crowd.quality.chance import no_better_than_chance
from ml.crowd.quality.copies import copies
from ml.crowd.quality.flag import CONSTANT, SPEED, Flag, Limits


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
    """Return the median seconds of some volunteers, with one sort of all answers.

    `volunteer` and `seconds` are (n,), without NaN; `wanted` are the codes of volunteers who have answers.
    """
    order = np.lexsort((seconds, volunteer))
    starts = np.searchsorted(volunteer[order], wanted)
    ends = np.searchsorted(volunteer[order], wanted, side="right")
    return [float(np.median(seconds[order[start:end]])) for start, end in zip(starts, ends, strict=True)]


def too_constant(answers: Answers, limits: Limits) -> list[Flag]:
    """Flag volunteers who give one answer far more often than others do on the same subjects.

    p is the probability of so many if every answer were drawn as others gave it. These probabilities differ by subject;
    the binomial distribution of their mean has a wider tail than their sum (Hoeffding 1956), so p is conservative. If
    nearly everything is a "no", mostly "no" is not flagged.
    """
    favourite = answers.by_volunteer.argmax(axis=1)
    total, same = answers.by_volunteer.sum(axis=1), answers.by_volunteer.max(axis=1)
    of_favourite = answers.of_others()[np.arange(len(answers.item)), favourite[answers.volunteer]]
    summed = np.bincount(answers.volunteer, weights=of_favourite, minlength=answers.n_volunteers)
    expected = summed / np.maximum(total, 1)
    p = bdtrc(same - 1, total, expected)
    bound = limits.chance / max(answers.n_volunteers, 1)
    found = (total >= limits.answers) & (same >= limits.constant * total) & (p < bound)
    return [
        Flag(
            who,
            CONSTANT,
            float(p[who]),
            {
                "n": int(total[who]),
                "same": int(same[who]),
                "answer": ANSWERS[favourite[who]],
                "expected": round(100 * float(expected[who])),
            },
        )
        for who in np.flatnonzero(found).tolist()
    ]


FINDERS = (too_fast, too_constant, no_better_than_chance, copies)
NEWEST = 1_000
LIMITS = Limits()


def find_flags(answers: Answers, newest: int = NEWEST) -> list[Flag]:
    """Return all flags from each volunteer's newest answers, at most one of each kind per volunteer.

    Memory and time grow linearly with the answers.
    """
    judged = answers.newest(newest)
    return [flag for finder in FINDERS for flag in finder(judged, LIMITS)]
