"""The answers to a yes-or-no question: which there are, which of them decide, and their columns in every table."""

from enum import StrEnum


class Answer(StrEnum):
    """An answer, in the order in which pages and files list them.

    Majorities count the answers that decide. SWAP learns how often each volunteer gives each answer to either class,
    so that an abstention is evidence too; one coin gives every abstention the same rate for both classes.
    """

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"

    @property
    def label(self) -> str:
        """Its name in files, in English."""
        return self.value.capitalize()

    @property
    def decided(self) -> bool:
        """Whether it names a class; the others are abstentions."""
        return self in (Answer.NO, Answer.YES)


CLASSES = (Answer.NO.value, Answer.YES.value)
ABSTENTIONS = tuple(answer.value for answer in Answer if not answer.decided)
ANSWERS = (*CLASSES, *ABSTENTIONS)
"""By column: the classes, "no" first, then the abstentions."""
