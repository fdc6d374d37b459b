"""One classification as read from a foreign file, reasons to reject it, and messages about files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from webapp.classifications.line_marks import CornerLine
from webapp.core.stored_messages import Sentence

NOT_BROUGHT_IN = Sentence("%(problem)s Nothing was imported.")
NOT_BROUGHT_IN_FURTHER = Sentence("%(problem)s Nothing more was imported.")

EMPTY = Sentence("%(file)s is empty.")
NOT_OPENED = Sentence("%(file)s cannot be opened: %(error)s. Upload it again.")
NO_ANSWER = Sentence("%(file)s contains no answers.")
NO_LABEL = Sentence("%(file)s contains no labels that could be answers.")
NOT_UTF8 = Sentence("%(file)s is not text in UTF-8 (line %(line)s). Save it as CSV in UTF-8.")
NO_CSV = Sentence("%(file)s is not a readable CSV file: %(error)s at line %(line)s.")
NO_COLUMN = Sentence(
    "%(file)s has no column %(missing)s. A Panoptes classification export has all columns; a plain "
    "list needs %(needed)s and an answer column."
)
COLUMN_TWICE = Sentence("%(file)s has two columns of the same name. Rename one of them.")
NO_JSON = Sentence("%(file)s is not valid JSON after annotation %(number)s: %(error)s. Export it again.")

NO_SOURCE = Sentence("Enter the source of the file.")
NO_MATCH = Sentence("Match subjects by “%(subject)s” or “%(metadata)sKEY”, not by “%(match)s”.")
NO_MEANING = Sentence("Map a label to an answer (%(answers)s), or skip it; not to “%(meaning)s”.")
ALL_LEFT_OUT = Sentence("Every label is skipped, so nothing would be imported. Map at least one label to an answer.")


class Reason(models.TextChoices):
    UNREADABLE = "unreadable", _("Unreadable row.")
    NO_ID = "no-id", _("No classification id, so it could be imported twice.")
    NO_USER = "no-user", _("No user in the row.")
    NO_SUBJECT = "no-subject", _("No value in the field chosen to match subjects.")
    SEVERAL_SUBJECTS = "several-subjects", _("More than one subject in the row.")
    UNKNOWN_SUBJECT = "unknown-subject", _("No such subject in the survey. Ingest its images first.")
    NOT_QUEUED = "not-queued", _("The subject is not in the workflow. Add its subject set.")
    NO_ANSWER = "no-answer", _("No answer to the chosen task in this row.")
    UNMAPPED = "unmapped", _("This label is not mapped to an answer.")
    LEFT_OUT = "left-out", _("You chose to skip this label.")
    CONTRADICTORY = "contradictory", _("The labels in this row map to different answers.")
    CANCELLED = "cancelled", _("Skipped by the annotator.")
    KNOWN = "known", _("Already imported.")
    OTHER_SUBJECT = "other-subject", _("Another row of this source has this id, with another subject.")
    ANSWERED = "answered", _("This user has already classified this subject.")
    FOLLOW_UP = "follow-up", _("The workflow has no such follow-up; imported without it.")
    LINE = "line", _("The line can't be stored; imported without it.")
    SHAPE = "shape", _("Only line marks are supported; imported without this mark.")


ONLY_A_PART = frozenset({Reason.FOLLOW_UP, Reason.LINE, Reason.SHAPE})
"""Reasons that concern only a part of an answer, which was imported anyway."""


SUBJECT = "subject"
METADATA = "metadata:"
LONGEST = 200


class BadFile(ValueError):
    """An unusable file; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Broken:
    """An unusable row."""

    row: int
    reason: Reason
    what: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A readable row.

    Attributes
    ----------
    row
        Its position in the file, starting at 1.
    id, user, subject
        As in the file; `metadata` is the subject's.
    answers, lines
        Labels and lines by task.
    shapes
        Drawn shapes that are not lines, by task.
    """

    row: int
    id: str
    user: str
    subject: str
    metadata: Mapping[str, Any]
    answers: Mapping[str, tuple[str, ...]]
    lines: Mapping[str, tuple[CornerLine, ...]] = field(default_factory=dict)
    shapes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None

    def key(self, match: str) -> str:
        """Return the subject's key, its id or a metadata value; an empty string if missing."""
        value = self.subject if match == SUBJECT else self.metadata.get(match.removeprefix(METADATA))
        return clean(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


Row = Record | Broken


def clean(value: Any) -> str:
    """Remove NUL and invalid characters, which the database cannot store."""
    return str(value).replace("\0", "").encode("utf-8", "replace").decode().strip()[:LONGEST]


def parse_moment(value: Any) -> datetime | None:
    """Parse `2025-01-21 16:08:41 UTC` or ISO 8601; UTC if no zone is given. None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value.removesuffix(" UTC"))
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
