"""A campaign of simulated volunteers and spammers, as columns: volunteer, answer, time, duration."""

import numpy as np

from ml.crowd.quality.answers import ANSWERS, Answers
from tests.unit.crowd.spammers import COPY

POSITIVE = ("AST", "STREAK")
CLASSES = np.array(["AST", "STREAK", "CR", "NOISE", "SCAR"])
DAY = 86_400.0


def campaign(volunteers, items=1200, each=240, gold=0.15, seed=0):
    """Everybody answers `each` of the items in random order; copies in a ring answer the same in step.

    Returns the answers, and the truth (n_items,) 0 or 1.
    """
    rng = np.random.default_rng(seed)
    fine, snr = rng.choice(CLASSES, items, p=[0.3, 0.1, 0.25, 0.2, 0.15]), rng.lognormal(2.5, 0.7, items)
    truth, is_gold = np.isin(fine, POSITIVE).astype(int), rng.random(items) < gold
    plans, columns = {}, []
    for who, volunteer in enumerate(volunteers):
        ring = volunteer.sort if volunteer.sort.startswith(COPY) else who
        chosen, begin = plans.setdefault(ring, (rng.permutation(items)[:each], rng.uniform(0, 30 * DAY)))
        taken = np.array([volunteer.pause() for _ in chosen]) if ring == who else np.full(each, 2.0)
        said = [ANSWERS.index(volunteer.answer(str(fine[i]), POSITIVE, float(snr[i]))[0]) for i in chosen]
        when = begin + np.cumsum(taken) + (rng.uniform(0, 5) if ring != who else 0)
        columns.append((np.full(each, who), chosen, said, taken, np.where(is_gold, truth, -1)[chosen], when))
    joined = [np.concatenate(column) for column in zip(*columns, strict=True)]
    return Answers(*joined, len(volunteers), items), truth
