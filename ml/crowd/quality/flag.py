"""A quality flag: the evidence about a volunteer in numbers and in a sentence, and the limits for flagging."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SPEED, CONSTANT, CHANCE, COPY = "speed", "constant", "chance", "copy"

WORDS = {
    SPEED: "The median of %(n)s answers took %(median)s seconds; looking takes at least %(limit)s.",
    CONSTANT: ("%(same)s of %(n)s answers are “%(answer)s”; others gave it for %(expected)s in 100 of these subjects."),
    CHANCE: (
        "%(right)s of %(n)s training subjects answered correctly: %(accuracy)s in 100 (%(low)s to %(high)s), "
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
        Chance of as much of it from somebody who looks, by the model that the finder of this kind describes.
    numbers : dict
        What the sentence is filled with.
    original : int or None
        For a copy: the volunteer whose answers these are, and who keeps counting.
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
        How likely it may be that any honest volunteer of the whole crowd is flagged, for each kind: a flag's p must
        be below this divided by the number of volunteers (Bonferroni).
    seconds : float
        No answer below is looked at: simple reactions alone take 0.2 s, and choosing a key as long again.
    answers, gold, together : int
        The least answers, answers to training subjects, and common answers of two volunteers that are judged.
    constant : float
        The least share of one answer that is called constant.
    same : float
        The least share of equal answers that is called a copy.
    window : float
        Seconds between an answer and its copy at most.
    """

    chance: float = 0.01
    seconds: float = 0.5
    answers: int = 20
    gold: int = 30
    together: int = 20
    constant: float = 0.95
    same: float = 0.9
    window: float = 60.0
