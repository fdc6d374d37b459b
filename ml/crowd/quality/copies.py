"""Copied answers: two accounts with the same answers to the same subjects at the same time, including mistakes."""

import numpy as np
from scipy.special import bdtrc

from ml.crowd.quality.answers import Answers
from ml.crowd.quality.flag import COPY, Flag, Limits

NEIGHBOURS = 4
LEAST_WRONG = 5
CEILING = 0.9


def copies(answers: Answers, limits: Limits) -> list[Flag]:
    """Flag volunteers who answer in lock-step with somebody else, and make the same mistakes.

    Two honest people may well see the same subjects at the same time, and agree, but they don't share each other's
    mistakes. So of their common answers only those count in which the first contradicts everybody else: p is the
    probability that the second gives as many of these same answers, if they contradict others as often as they do
    elsewhere, and more often on more disputed subjects.

    Only answers close in time on the same subject are paired, so memory grows with the answers and not with the square
    of the volunteers. In each group of copies the volunteer with the most answers keeps counting, and the others are
    flagged.
    """
    first, second = in_lock_step(answers, limits.window)
    if not len(first):
        return []
    pairs = Pairs(answers, first, second)
    bound = limits.chance / max(answers.n_volunteers, len(pairs.low), 1)
    found = (pairs.n >= limits.together) & (pairs.same >= limits.same * pairs.n)
    found &= (pairs.wrong_alike >= LEAST_WRONG) & (pairs.p < bound)
    return flags_of(answers, pairs, np.flatnonzero(found), limits)


class Pairs:
    """Pairs of volunteers with common answers: (n_pairs,) arrays.

    `low`, `high` are the volunteers, `n` their common answers, `same` the equal ones, `wrong` those in which `low`
    contradicts everybody else, `wrong_alike` those of them that `high` gives too.
    """

    def __init__(self, answers: Answers, first: np.ndarray, second: np.ndarray) -> None:
        swapped = answers.volunteer[first] > answers.volunteer[second]
        a, b = np.where(swapped, second, first), np.where(swapped, first, second)
        pair = answers.volunteer[a].astype(np.int64) * answers.n_volunteers + answers.volunteer[b]
        found, code = np.unique(pair, return_inverse=True)
        self.low, self.high = np.divmod(found, answers.n_volunteers)
        alike = answers.answer[a] == answers.answer[b]
        apart, chance = deviation(answers)
        self.n, self.same = (np.bincount(code[mask], minlength=len(found)) for mask in (slice(None), alike))
        wrong = apart[a]
        self.wrong = np.bincount(code[wrong], minlength=len(found))
        self.wrong_alike = np.bincount(code[wrong & alike], minlength=len(found))
        expected = np.bincount(code[wrong], weights=chance[b[wrong]], minlength=len(found)) / np.maximum(self.wrong, 1)
        self.p = bdtrc(self.wrong_alike - 1, self.wrong, np.clip(expected, 0.01, CEILING))


def in_lock_step(answers: Answers, window: float) -> tuple[np.ndarray, np.ndarray]:
    """Find pairs of answers to the same item by two volunteers within the window, seconds: two arrays (m,) of indices.

    An answer is paired with at most the next `NEIGHBOURS` on its item.
    """
    order = np.lexsort((answers.when, answers.item))
    item, when, who = answers.item[order], answers.when[order], answers.volunteer[order]
    firsts, seconds = [], []
    for step in range(1, NEIGHBOURS + 1):
        close = (item[step:] == item[:-step]) & (when[step:] - when[:-step] <= window) & (who[step:] != who[:-step])
        firsts.append(order[:-step][close])
        seconds.append(order[step:][close])
    return np.concatenate(firsts), np.concatenate(seconds)


def deviation(answers: Answers) -> tuple[np.ndarray, np.ndarray]:
    """Return which answers contradict the item's leading one, and the probability of that for this volunteer.

    Both (n,). The probability is the volunteer's own fraction of such answers, times how disputed the item is, relative
    to the mean.
    """
    leading = answers.by_item.argmax(axis=1)
    total = answers.by_item.sum(axis=1)
    disputed = 1 - answers.by_item.max(axis=1) / np.maximum(total, 1)
    apart = answers.answer != leading[answers.item]
    own = np.bincount(answers.volunteer[apart], minlength=answers.n_volunteers)
    rate = own / np.maximum(answers.by_volunteer.sum(axis=1), 1)
    usual = max(float(disputed[answers.item].mean()), 1e-9)
    return apart, np.minimum(rate[answers.volunteer] * np.maximum(disputed[answers.item] / usual, 1), CEILING)


def flags_of(answers: Answers, pairs: Pairs, found: np.ndarray, limits: Limits) -> list[Flag]:
    """Flag everybody in a group of copies except the one with the most answers."""
    size = answers.by_volunteer.sum(axis=1)
    ordered = sorted(found.tolist(), key=lambda pair: float(pairs.p[pair]))
    flags: dict[int, Flag] = {}
    for pair in ordered:
        keeps, copy = sorted((int(pairs.low[pair]), int(pairs.high[pair])), key=lambda who: (-int(size[who]), who))
        if copy in flags:
            continue
        numbers = {
            "n": int(pairs.n[pair]),
            "same": int(pairs.same[pair]),
            "wrong": int(pairs.wrong_alike[pair]),
            "window": round(limits.window),
        }
        flags[copy] = Flag(copy, COPY, float(pairs.p[pair]), numbers, original=keeps)
    return list(flags.values())
