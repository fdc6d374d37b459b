"""Choices for an import: source, subject key, and the mapping of labels to answers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from webapp.classifications.models import Answer
from webapp.imports.messages import ALL_LEFT_OUT, NO_MATCH, NO_MEANING, NO_SOURCE
from webapp.imports.record import METADATA, SUBJECT

LEAVE_OUT = ""


class WrongChoice(ValueError):
    """A choice that makes no sense; the sentence says which."""


@dataclass(frozen=True)
class Choices:
    """How to read a file.

    Attributes
    ----------
    source
        Where the file comes from. An answer is told from others by it and its id there, and so is who gave it.
    match
        What tells a subject, and is its external id here: "subject" for the file's own id of it, or "metadata:KEY".
    task
        The task whose labels are answers.
    answers
        What each label means: yes, no, unsure, or an empty string to leave it out.
    follow_up_task, lines_task
        The tasks that follow-ups and lines are taken from; empty for none.
    """

    source: str
    match: str
    task: str
    answers: Mapping[str, str] = field(default_factory=dict)
    follow_up_task: str = ""
    lines_task: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not self.source.strip():
            raise WrongChoice(NO_SOURCE())
        if self.match != SUBJECT and not self.match.startswith(METADATA):
            raise WrongChoice(NO_MATCH(subject=SUBJECT, metadata=METADATA, match=self.match))
        wrong = set(self.answers.values()) - {*Answer.values, LEAVE_OUT}
        if wrong:
            raise WrongChoice(NO_MEANING(meaning=min(wrong)))
        if not any(self.answers.values()):
            raise WrongChoice(ALL_LEFT_OUT())

    def stored(self) -> dict[str, Any]:
        return asdict(self)
