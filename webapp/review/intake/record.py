"""One answer as a file of others tells it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from webapp.review.exchange.geometry import Drawn
from webapp.review.intake.reasons import Reason

SUBJECT = "subject"
METADATA = "metadata:"
LONGEST = 200


class BadFile(ValueError):
    """A file that cannot be used as a whole; the sentence says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that cannot be used."""

    row: int
    reason: Reason
    what: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A row that can be read, whatever it says.

    Attributes
    ----------
    row
        Its place in the file, 1 for the first.
    id, user, subject
        As the file has them; `metadata` is the subject's.
    answers, lines
        Labels and lines by task.
    shapes
        What was drawn and is no line, by task.
    """

    row: int
    id: str
    user: str
    subject: str
    metadata: Mapping[str, Any]
    answers: Mapping[str, tuple[str, ...]]
    lines: Mapping[str, tuple[Drawn, ...]] = field(default_factory=dict)
    shapes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None

    def key(self, match: str) -> str:
        """Return what tells the subject, by its id or by a key of its metadata; an empty string for nothing."""
        value = self.subject if match == SUBJECT else self.metadata.get(match.removeprefix(METADATA))
        return clean(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


Row = Record | Broken


def clean(value: Any) -> str:
    """Return text that the database can hold: no NUL, and nothing that is no character."""
    return str(value).replace("\0", "").encode("utf-8", "replace").decode().strip()[:LONGEST]


def moment(value: Any) -> datetime | None:
    """Read `2025-01-21 16:08:41 UTC` or ISO 8601; a time that names no zone is UTC. None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value.removesuffix(" UTC"))
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
