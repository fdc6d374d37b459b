"""The surest lines that the promoted trail model found in a subject, beside those that volunteers drew."""

import math
from dataclasses import dataclass
from string import ascii_uppercase

from webapp.archive.models import Subject
from webapp.archive.pixels import shape_of
from webapp.learning.models import Checkpoint, ModelRole
from webapp.learning.models.score import Find


@dataclass(frozen=True)
class FoundLine:
    """A find by its letter on the page, the surest A; `x` and `y` are where the letter stands in the picture."""

    letter: str
    find: Find
    pixels: float
    top: float
    bottom: float
    x: float
    y: float
    is_right: bool


@dataclass(frozen=True)
class Finds:
    """What a trail model found: `has_looked` tells nothing found from not asked yet."""

    model: Checkpoint | None
    has_looked: bool
    lines: list[FoundLine]


def finds_of(champion: Checkpoint | None, subject: Subject) -> Finds | None:
    """Return the champion's finds in a subject, the surest first; None for subjects that no trail model looks at."""
    if subject.kind != ModelRole.TRAIL.kind:
        return None
    if champion is None:
        return Finds(None, False, [])
    _frames, _channels, height, width = shape_of(subject)
    rows = Find.objects.filter(checkpoint=champion, subject=subject)
    lines = [_line(find, width, height) for find in rows]
    return Finds(champion, champion.scores.filter(subject=subject).exists(), lines)


def _line(find: Find, width: int, height: int) -> FoundLine:
    top, bottom = height - 1 - find.y1, height - 1 - find.y2  # the first row is drawn at the bottom
    x = (find.x1 + find.x2) / 2
    return FoundLine(
        letter=ascii_uppercase[find.position],
        find=find,
        pixels=math.hypot(find.x2 - find.x1, find.y2 - find.y1),
        top=top,
        bottom=bottom,
        x=x,
        y=max((top + bottom) / 2, max(width, height) / 24),
        is_right=x > width / 2,
    )
