"""Uniform answers: nearly always the same answer, on subjects that others answer differently."""

import numpy as np
from scipy.special import bdtrc

from ml.crowd.answer import ANSWERS
from ml.crowd.quality.answers import Answers
from ml.crowd.quality.flag import CONSTANT, Flag, Limits


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
