"""Simulated volunteers of varied skill, always labelled as simulated.

A volunteer sees a subject's fine class (AST, CR, …) and signal-to-noise ratio, and answers yes, no or unsure, and, if
asked, the class. Faint subjects are hard for everybody; some bogus classes look real.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

YES, NO, UNSURE = "yes", "no", "unsure"
HALF_DIFFICULT_SNR = 6.0
UNKNOWN_DIFFICULTY = 0.35

# How much a class looks like the other side: 0 never fools anyone, 1 is a coin toss.
DECEPTION = {
    "BURN": 0.10, "CR": 0.45, "NOISE": 0.35, "SCAR": 0.25, "SPIKE": 0.10, "AST": 0.20, "STREAK": 0.10, "COMET": 0.15,
    "SSO": 0.25, "STAR": 0.15, "GALAXY": 0.30,
}  # fmt: skip
UNKNOWN_DECEPTION = 0.25

# The class that a class is confused with, on either side of the question.
LOOKS_LIKE = {
    "BURN": {"SPIKE": 3, "SCAR": 1, "STREAK": 3, "AST": 1},
    "CR": {"NOISE": 2, "SCAR": 2, "AST": 4, "STREAK": 2},
    "NOISE": {"CR": 1, "SCAR": 1, "AST": 5},
    "SCAR": {"CR": 2, "NOISE": 1, "SPIKE": 1, "AST": 3, "COMET": 1},
    "SPIKE": {"BURN": 3, "SCAR": 2, "STREAK": 3, "COMET": 1},
    "AST": {"STREAK": 1, "COMET": 1, "NOISE": 3, "CR": 2},
    "STREAK": {"AST": 4, "COMET": 1, "CR": 2, "SPIKE": 1, "BURN": 1},
    "COMET": {"AST": 4, "STREAK": 1, "SCAR": 2, "NOISE": 1},
}


@dataclass(frozen=True)
class Sort:
    """A kind of volunteer: ranges of skill (0 chance, 1 perfect), unsure rate and pace (seconds per answer)."""

    name: str
    share: float
    skill: tuple[float, float]
    unsure: tuple[float, float]
    seconds: float


SORTS = (
    Sort("expert", 0.15, (0.94, 0.99), (0.15, 0.35), 5.0),
    Sort("ordinary", 0.55, (0.72, 0.92), (0.10, 0.40), 4.0),
    Sort("hasty", 0.20, (0.45, 0.70), (0.00, 0.05), 1.5),
    Sort("guessing", 0.10, (0.00, 0.15), (0.00, 0.20), 2.0),
)


@dataclass
class SimulatedVolunteer:
    """One volunteer with their own random stream: same seed and questions, same answers.

    Attributes
    ----------
    name : str
        Unique within the crowd, and marked as simulated.
    sort : str
        expert, ordinary, hasty or guessing.
    skill : float in 0..1
        0 answers by chance, 1 is wrong only where nothing is visible.
    unsure : float in 0..1
        Probability of "unsure" on the hardest subjects.
    bias : float in -0.2..0.2
        Bias towards yes (positive) or no in unclear cases.
    seconds : float
        Typical time for one answer.
    """

    name: str
    sort: str
    skill: float
    unsure: float
    bias: float
    seconds: float
    rng: np.random.Generator = field(repr=False)

    def answer(
        self, truth: str, positive: Collection[str], snr: float | None = None, classes: Sequence[str] = ()
    ) -> tuple[str, str | None]:
        """Answer one subject.

        Parameters
        ----------
        truth : str
            Its fine class.
        positive : collection of str
            Fine classes for which the right answer is yes.
        snr : float, optional
            Signal-to-noise; NaN or None where unknown.
        classes : sequence of str, optional
            Choices of the follow-up question; it is not asked without any.

        Returns
        -------
        answer : "yes", "no" or "unsure"
        follow_up : str or None
            One of `classes` on the side of the answer; None after unsure, or if not asked.
        """
        hard = difficulty(snr, truth)
        if self.rng.random() < self.unsure * np.sqrt(hard):
            return UNSURE, None
        right = self.rng.random() < self.chance_right(truth, truth in positive, hard)
        says_yes = (truth in positive) == right
        return (YES if says_yes else NO), self.follow_up(truth, says_yes, positive, hard, classes)

    def chance_right(self, truth: str, is_positive: bool, hard: float) -> float:
        """Return the probability that a yes or no is right; never quite 1."""
        clarity = (1 - hard) * (1 - DECEPTION.get(truth, UNKNOWN_DECEPTION) * (1 - self.skill))
        leaning = self.bias * (1 - self.skill * clarity) * (1 if is_positive else -1)
        return float(np.clip(0.5 + 0.5 * self.skill * np.sqrt(clarity) + leaning, 0.02, 0.995))

    def follow_up(
        self, truth: str, says_yes: bool, positive: Collection[str], hard: float, classes: Sequence[str]
    ) -> str | None:
        choices = [name for name in classes if (name in positive) == says_yes]
        if not choices:
            return None
        if truth in choices and self.rng.random() < self.skill * (1 - 0.7 * hard):
            return truth
        likeness = np.array([LOOKS_LIKE.get(truth, {}).get(name, 0.5) for name in choices], float)
        return str(self.rng.choice(choices, p=likeness / likeness.sum()))

    def pause(self) -> float:
        """Return the seconds until the next answer."""
        return float(self.seconds * self.rng.lognormal(0, 0.4))


def difficulty(snr: float | None, truth: str = "") -> float:
    """Return the difficulty, from 0 obvious to 1 impossible: ``1 / (1 + (snr / 6)^2)``.

    >>> difficulty(6.0), round(difficulty(60.0), 2)
    (0.5, 0.01)
    """
    if snr is None or not np.isfinite(snr):
        return UNKNOWN_DIFFICULTY
    if truth == "NOISE":
        # The fainter a chance peak, the less it looks like anything at all.
        return min(max(snr, 0.0) / HALF_DIFFICULT_SNR, 1.0) / 2
    return 1 / (1 + (max(snr, 0.0) / HALF_DIFFICULT_SNR) ** 2)


def crowd(n: int, seed: int) -> list[SimulatedVolunteer]:
    """Draw n volunteers: 15 % experts, 55 % ordinary, 20 % hasty, 10 % guessing, shuffled.

    The proportions are met as closely as n allows; n must be at least 1.
    """
    if n < 1:
        raise ValueError(f"a crowd has at least one volunteer, not {n}")
    seeds = np.random.SeedSequence(seed).spawn(n + 1)
    rng = np.random.default_rng(seeds[-1])
    sorts = rng.permutation(np.repeat(np.arange(len(SORTS)), head_counts(n)))
    return [volunteer(f"simulated-{seed}-{i:04d}", SORTS[sorts[i]], rng, seeds[i]) for i in range(n)]


def head_counts(n: int) -> np.ndarray:
    """Return integer counts of each sort that add up to n (largest remainders)."""
    wanted = np.array([sort.share for sort in SORTS]) * n
    heads = np.floor(wanted).astype(int)
    heads[np.argsort(heads - wanted, kind="stable")[: n - heads.sum()]] += 1
    return heads


def volunteer(name: str, sort: Sort, rng: np.random.Generator, seed: np.random.SeedSequence) -> SimulatedVolunteer:
    return SimulatedVolunteer(
        name=name,
        sort=sort.name,
        skill=float(rng.uniform(*sort.skill)),
        unsure=float(rng.uniform(*sort.unsure)),
        bias=float(np.clip(rng.normal(0, 0.07), -0.2, 0.2)),
        seconds=float(sort.seconds * rng.lognormal(0, 0.2)),
        rng=np.random.default_rng(seed),
    )
