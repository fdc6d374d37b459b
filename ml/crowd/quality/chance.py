"""Random answers: volunteers who do no better than chance on gold."""

import numpy as np
from scipy.special import ndtri

from ml.crowd.answer import CLASSES
from ml.crowd.quality.answers import Answers
from ml.crowd.quality.flag import CHANCE, Flag, Limits
from ml.crowd.uncertainty import dirichlet_sd

LEAST_OF_A_CLASS = 5
COIN = 0.5


def no_better_than_chance(answers: Answers, limits: Limits) -> list[Flag]:
    """Flag who does not beat a coin on gold subjects, both classes counting alike; an abstention is no error.

    The 95 % interval of the balanced accuracy (Beta posteriors of the two classes) must include one half or lie below
    it. Since that is also true of beginners, a coin toss must also explain the answers far better than a volunteer from
    the crowd's best quarter: p is the likelihood ratio of such a volunteer to a coin.
    """
    right, total = on_gold(answers)
    beta = np.stack([right, total - right], axis=2) + 1
    mean = (beta[:, :, 0] / beta.sum(axis=2)).mean(axis=1)
    half = ndtri(0.975) * np.sqrt((dirichlet_sd(beta)[:, :, 0] ** 2).sum(axis=1)) / 2
    judged = (total.sum(axis=1) >= limits.gold) & (total.min(axis=1) >= LEAST_OF_A_CLASS)
    ratio = against_others(right.sum(axis=1), total.sum(axis=1), judged)
    bound = limits.chance / max(answers.n_volunteers, 1)
    found = judged & (mean - half <= COIN) & (ratio < bound)
    return [
        Flag(
            who,
            CHANCE,
            float(ratio[who]),
            {
                "n": int(total[who].sum()),
                "right": int(right[who].sum()),
                "accuracy": round(100 * float(mean[who])),
                "low": round(100 * max(float(mean[who] - half[who]), 0.0)),
                "high": round(100 * float(mean[who] + half[who])),
            },
        )
        for who in np.flatnonzero(found).tolist()
    ]


def on_gold(answers: Answers) -> tuple[np.ndarray, np.ndarray]:
    """Count right and all definite answers to gold of each class: two (n_volunteers, 2) arrays."""
    asked = (answers.gold >= 0) & (answers.answer < len(CLASSES))
    cell = answers.volunteer[asked] * 2 + answers.gold[asked]
    hits = (answers.answer == answers.gold)[asked]
    cells = answers.n_volunteers * 2
    right, total = np.bincount(cell[hits], minlength=cells), np.bincount(cell, minlength=cells)
    return right.reshape(-1, 2), total.reshape(-1, 2)


def against_others(right: np.ndarray, total: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """Likelihood ratio (n_volunteers,) of a volunteer from the best quarter to a coin toss.

    The lower edge of that quarter, clipped to .65 … .95, depends little on the number of careless volunteers.
    """
    rates = right[judged] / total[judged]
    usual = float(np.clip(np.quantile(rates, 0.75), 0.65, 0.95)) if len(rates) else 0.75
    log_ratio = right * np.log(usual / COIN) + (total - right) * np.log((1 - usual) / COIN)
    return np.asarray(np.exp(np.minimum(log_ratio, 0)))
