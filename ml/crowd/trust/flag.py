"""A flag: what was noticed about a volunteer, in numbers and in a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SPEED, CONSTANT, CHANCE, COPY = "speed", "constant", "chance", "copy"

WORDS = {
    SPEED: "Half of %(n)s answers took less than %(median)s seconds; nobody can look in less than %(limit)s.",
    CONSTANT: "%(same)s of %(n)s answers are “%(answer)s”; others said so of %(expected)s in 100 of these subjects.",
    CHANCE: "%(right)s of %(n)s training subjects were answered rightly: %(accuracy)s in 100 (%(low)s to %(high)s), "
    "as by a coin.",
    COPY: "%(same)s of %(n)s answers are those that another volunteer gave within %(window)s seconds, and %(wrong)s of "
    "them stand against everybody else.",
}


@dataclass(frozen=True)
class Flag:
    """Something noticed about a volunteer.

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
