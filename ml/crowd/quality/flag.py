"""A quality flag: the evidence about a volunteer in numbers and in a sentence, and the limits for flagging."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SPEED, CONSTANT, CHANCE, COPY = "speed", "constant", "chance", "copy"

WORDS = {
    SPEED: "The median of %(n)s answers took %(median)s seconds; looking takes at least %(limit)s.",
    CONSTANT: ("%(same)s of %(n)s answers are “%(answer)s”; others gave it for %(expected)s in 100 of these subjects."),
    CHANCE: (
        "%(right)s of %(n)s gold subjects answered correctly: %(accuracy)s in 100 (%(low)s to %(high)s), "
        "no better than chance."
    ),
    COPY: (
        "%(same)s of %(n)s answers match another volunteer's within %(window)s seconds; %(wrong)s of them "
        "contradict everybody else."
    ),
}


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
        Values of the message's slots.
    original : int or None
        For a copy: the volunteer whose answers were copied, and who keeps counting.
    """

    volunteer: int
    kind: str
    p: float
    numbers: Mapping[str, int | float | str] = field(hash=False)
    original: int | None = None

    @property
    def evidence(self) -> str:
        return WORDS[self.kind] % self.numbers


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
