"""Mapping of foreign rows to our subjects, answers and pseudonymous volunteers, as chosen by a scientist.

Names are not stored. Without the site's secret they can't be recovered from the volunteer's key.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from ml.crowd.answer import Answer
from webapp.archive.models import Subject
from webapp.archive.pixels import shape_of
from webapp.classifications.line_marks import Line, WrongMark, check_lines, to_line
from webapp.classifications.models import Classification
from webapp.imports.foreign_record import (
    ALL_LEFT_OUT,
    METADATA,
    NO_MATCH,
    NO_MEANING,
    NO_SOURCE,
    SUBJECT,
    Reason,
    Record,
)
from webapp.volunteers.identity import pseudonym
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

LEAVE_OUT = ""


class WrongChoice(ValueError):
    """An invalid choice; the message says which."""


@dataclass(frozen=True)
class Choices:
    """How to interpret a file.

    Attributes
    ----------
    source
        The origin of the file. Answers and people are identified by it and their id in the file.
    match
        The external id of the subjects: "subject" for the file's own id, or "metadata:KEY".
    task
        The task whose labels are answers.
    answers
        What each label means: an answer, or an empty string to leave it out.
    follow_up_task, lines_task
        The tasks with follow-ups and with lines; empty for none.
    """

    source: str
    match: str
    task: str
    answers: Mapping[str, str] = field(default_factory=dict)
    follow_up_task: str = ""
    lines_task: str = ""

    def __post_init__(self) -> None:
        """Refuse invalid choices."""
        if not self.source.strip():
            raise WrongChoice(NO_SOURCE())
        if self.match != SUBJECT and not self.match.startswith(METADATA):
            raise WrongChoice(NO_MATCH(subject=SUBJECT, metadata=METADATA, match=self.match))
        wrong = set(self.answers.values()) - {*Answer, LEAVE_OUT}
        if wrong:
            raise WrongChoice(NO_MEANING(answers=", ".join(Answer), meaning=min(wrong)))
        if not any(self.answers.values()):
            raise WrongChoice(ALL_LEFT_OUT())

    def stored(self) -> dict[str, Any]:
        return asdict(self)


SALT = "webapp.imports.mapping"


def own_people(workflow: Workflow) -> dict[str, int]:
    """Return this site's volunteers by pseudonym, for files that it exported itself, of any workflow of the survey.

    Who was a visitor when a file was exported may have an account by now, to which their answers have moved.
    """
    answered = Classification.objects.filter(workflow__survey=workflow.survey_id).values("volunteer")
    people = Volunteer.objects.filter(Q(pk__in=answered) | Q(merged_into__in=answered))
    rows = people.values_list("pk", "key", "user", "merged_into").iterator(2000)
    return {pseudonym(key, user is not None).user_name: account or pk for pk, key, user, account in rows}


def volunteers_of(source: str, users: Collection[str], own: dict[str, int]) -> dict[str, int]:
    """Return a source's volunteers by name, creating new ones."""
    keys = sorted(_key(source, user) for user in users if user not in own)
    Volunteer.objects.bulk_create([Volunteer(key=key) for key in keys], ignore_conflicts=True)
    return known_volunteers(source, users, own)


def known_volunteers(source: str, users: Collection[str], own: dict[str, int]) -> dict[str, int]:
    """Return a source's volunteers by name, without those of whom nothing has been imported yet."""
    keys = {_key(source, user): user for user in users if user not in own}
    found = Volunteer.objects.filter(key__in=keys).values_list("key", "pk")
    return {user: own[user] for user in users if user in own} | {keys[key]: pk for key, pk in found}


def _key(source: str, user: str) -> UUID:
    return UUID(bytes=salted_hmac(SALT, f"{source}\n{user}", algorithm="sha256").digest()[:16], version=4)


NAMESPACE = UUID("1f1f4c0e-5d63-5e0a-9c37-0d1f6f0a7e55")


@dataclass(frozen=True, slots=True)
class Vote:
    """An answer to be stored. `noted` lists the parts left out, and why."""

    id: UUID
    record: Record
    subject: Subject
    answer: str
    follow_up: str
    lines: tuple[Line, ...]
    noted: list[tuple[Reason, str]] = field(default_factory=list)

    @property
    def created_at(self) -> datetime | None:
        return self.record.created_at or self.record.finished_at


def vote_id(workflow: Workflow, source: str, record: Record) -> UUID:
    """Return the id of a source's answer in the workflow, the same at every import."""
    return uuid5(NAMESPACE, f"{workflow.pk}\n{source}\n{record.id}")


def answer_of(record: Record, choices: Choices) -> tuple[str, tuple[Reason, str] | None]:
    """Return the answer, or an empty string and the reason."""
    labels = record.answers.get(choices.task, ())
    if not labels:
        return "", (Reason.NO_ANSWER, choices.task)
    unmapped = [label for label in labels if label not in choices.answers]
    if unmapped:
        return "", (Reason.UNMAPPED, unmapped[0])
    answers = {choices.answers[label] for label in labels} - {LEAVE_OUT}
    if len(answers) > 1:
        return "", (Reason.CONTRADICTORY, ", ".join(labels))
    return (answers.pop(), None) if answers else ("", (Reason.LEFT_OUT, ", ".join(labels)))


def vote_of(workflow: Workflow, choices: Choices, record: Record, subject: Subject, answer: str) -> Vote:
    """Return the vote of a record with known answer and subject."""
    noted: list[tuple[Reason, str]] = []
    return Vote(
        vote_id(workflow, choices.source, record),
        record,
        subject,
        answer,
        _follow_up(workflow, choices, record, answer, noted),
        _lines(workflow, choices, record, subject, noted) if answer != Answer.NO else _no_lines(choices, record, noted),
        noted,
    )


def _follow_up(
    workflow: Workflow, choices: Choices, record: Record, answer: str, noted: list[tuple[Reason, str]]
) -> str:
    labels = record.answers.get(choices.follow_up_task, ()) if choices.follow_up_task else ()
    offered = {label.casefold(): label for label in workflow.offered(answer)}
    matching = [offered[label.casefold()] for label in labels if label.casefold() in offered]
    if labels and len(matching) != 1:
        noted.append((Reason.FOLLOW_UP, ", ".join(labels)))
        return ""
    return matching[0] if matching else ""


def _lines(
    workflow: Workflow, choices: Choices, record: Record, subject: Subject, noted: list[tuple[Reason, str]]
) -> tuple[Line, ...]:
    """Return the valid lines, and note the others."""
    if not choices.lines_task:
        return ()
    noted += [(Reason.SHAPE, shape) for shape in record.shapes.get(choices.lines_task, ())]
    _frames, _channels, height, width = shape_of(subject)
    fitting: list[Line] = []
    for drawn in record.lines.get(choices.lines_task, ()):
        line = to_line(drawn, width, height)
        try:
            check_lines(workflow, subject, [*fitting, line])
        except WrongMark as error:
            noted.append((Reason.LINE, str(error)))
        else:
            fitting.append(line)
    return tuple(fitting)


def _no_lines(choices: Choices, record: Record, noted: list[tuple[Reason, str]]) -> tuple[Line, ...]:
    """Note that the lines of a no are left out."""
    noted += [(Reason.LINE, _("The answer is no.")) for _line in record.lines.get(choices.lines_task, ())]
    return ()
