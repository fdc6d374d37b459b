"""Simulated volunteers who vote on a subject until the site's rules, with a workflow's defaults, retire it."""

import numpy as np
from scipy.special import expit

from ml.cli.active.skies import Sky, Subjects
from ml.crowd.answer import CLASSES
from ml.crowd.retirement import has_consensus, is_exhausted
from ml.crowd.skill import ANSWERS, Skill, skill_two_coin
from ml.crowd.swap import certain_enough, log_odds
from ml.simulate.atlas.difference import REAL
from ml.simulate.volunteers import SimulatedVolunteer, crowd

VOLUNTEERS = 40
GOLD = 30


class Crowd:
    """Volunteers of mixed skill, which is known from gold as on the site.

    Parameters
    ----------
    sky
        What they vote on.
    seed
        Of the volunteers, their answers, and who gets which subject.
    """

    def __init__(self, sky: Sky, seed: int) -> None:
        self.sky, self.rng = sky, np.random.default_rng([seed, 2])
        self.people = crowd(VOLUNTEERS, seed)
        self.skills = [self._learned(person) for person in self.people]
        self.given = 0

    @property
    def skill(self) -> np.ndarray:
        """The mean confusion matrix (2, A)."""
        return np.mean([skill.matrix for skill in self.skills], axis=0)

    def posterior(self, row: int) -> float:
        """Return P(real) of a subject of the pool, by the sky's share of movers as prior and votes until it retires."""
        belief, decided, prior = 0.0, 0, log_odds(self.sky.share)
        for votes, who in enumerate(self.rng.permutation(len(self.people)), start=1):
            answer = _answer(self.people[who], self.sky.pool, row)
            belief += self.skills[who].evidence(answer)
            decided += answer in CLASSES
            self.given += 1
            p = float(certain_enough(expit(prior + belief)))
            if has_consensus(decided, p) or is_exhausted(votes):
                break
        return p

    def _learned(self, person: SimulatedVolunteer) -> Skill:
        counts, gold = np.zeros((2, len(ANSWERS))), self.sky.gold
        for side in (False, True):
            for row in self.rng.choice(np.flatnonzero(gold.real == side), GOLD // 2):
                counts[int(side), ANSWERS.index(_answer(person, gold, row))] += 1
        return skill_two_coin(counts)


def _answer(person: SimulatedVolunteer, subjects: Subjects, row: int) -> str:
    return person.answer(str(subjects.label[row]), REAL, float(subjects.snr[row]))[0]
