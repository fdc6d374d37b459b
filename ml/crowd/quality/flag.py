"""A quality flag: the evidence about a volunteer in numbers, and the limits for flagging."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SPEED, CONSTANT, CHANCE, COPY = "speed", "constant", "chance", "copy"


@dataclass(frozen=True)
class Flag:
    """A suspicious pattern in a volunteer's answers.

    Attributes
    ----------
    volunteer : int
        Code.
    kind : "speed", "constant", "chance" or "copy"
    p : float
        Probability of such answers from somebody who looks, under the model of this kind's check.
    numbers : dict
        Values of the slots in the sentence about this kind of flag.
    original : int or None
        For a copy: the volunteer whose answers were copied, and who keeps counting.
    """

    volunteer: int
    kind: str
    p: float
    numbers: Mapping[str, int | float | str] = field(hash=False)
    original: int | None = None


@dataclass(frozen=True)
class Limits:
    """Thresholds of all checks.

    Attributes
    ----------
    chance : float
        Probability that any honest volunteer of the whole crowd is flagged, for each kind: a flag's p must be below
        this divided by the number of volunteers (Bonferroni).
    seconds : float
        Minimum time to look, in seconds: simple reactions alone take 0.2 s, and choosing a key as long again.
    answers, gold, together : int
        Minimum number of answers, of answers to gold subjects, and of common answers of two volunteers.
    constant : float
        Minimum fraction of one answer to be constant.
    same : float
        Minimum fraction of equal answers to be a copy.
    window : float
        Maximum seconds between an answer and its copy.
    """

    chance: float = 0.01
    seconds: float = 0.5
    answers: int = 20
    gold: int = 30
    together: int = 20
    constant: float = 0.95
    same: float = 0.9
    window: float = 60.0
