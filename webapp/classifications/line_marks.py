"""Lines drawn along trails: validation, sky coordinates, storage, and conversion to pixel corner coordinates.

A mark's (0, 0) is the centre of the first pixel of the first row, which is drawn at the lower left. Panoptes and Label
Studio use the upper left corner as (0, 0), with y pointing down.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from django.db.models import Q
from django.utils.translation import gettext as _

from ml.crowd.answer import Answer
from ml.imaging.wcs import Cards, to_sky
from webapp.archive.models import Frame, Subject
from webapp.archive.pixels import planes_of, shape_of
from webapp.classifications.models import MOST_MARKS, Classification, Mark
from webapp.workflows.models import Workflow


class WrongMark(ValueError):
    """An invalid line; the message says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """Start and end in pixels, as in `Mark`; `frame` counts the channels of a subject with a single frame."""

    x1: float
    y1: float
    x2: float
    y2: float
    frame: int = 0


class Ends(Protocol):
    """Anything with two ends of a line."""

    @property
    def x1(self) -> float: ...
    @property
    def y1(self) -> float: ...
    @property
    def x2(self) -> float: ...
    @property
    def y2(self) -> float: ...


class Drawn(Ends, Protocol):
    """A line in one frame of a subject."""

    @property
    def frame(self) -> int: ...


def check_lines(workflow: Workflow, subject: Subject, lines: Sequence[Line]) -> None:
    """Raise WrongMark unless the workflow asks for lines, there are not too many, and each is inside its image."""
    if not lines:
        return
    if not workflow.line_marking:
        raise WrongMark(_("“%(workflow)s” does not ask for lines.") % {"workflow": workflow})
    if len(lines) > MOST_MARKS:
        raise WrongMark(_("An answer can have at most %(most)d lines.") % {"most": MOST_MARKS})
    _frames, _channels, height, width = shape_of(subject)
    for line in lines:
        _check(line, planes_of(subject), height, width)


def _check(line: Line, frames: int, height: int, width: int) -> None:
    ends = ((line.x1, line.y1), (line.x2, line.y2))
    if not all(math.isfinite(number) for end in ends for number in end):
        raise WrongMark(_("A line needs four finite numbers."))
    if not 0 <= line.frame < frames:
        raise WrongMark(_("Frame numbers start at 0; this subject has %(frames)d frames.") % {"frames": frames})
    if not all(-0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5 for x, y in ends):
        raise WrongMark(_("A line ends outside the image. Keep it inside."))
    if ends[0] == ends[1]:
        raise WrongMark(_("A line starts and ends at the same point. Make it longer or delete it."))


def store_lines(answers: Mapping[Classification, Sequence[Line]]) -> None:
    """Store the lines of new answers, with sky coordinates if their frames have a WCS; a no has none."""
    drawn = [
        (answer, position, line)
        for answer, lines in answers.items()
        if answer.answer != Answer.NO
        for position, line in enumerate(lines)
    ]
    ends = ends_on_sky([(answer.subject, line) for answer, _, line in drawn])
    Mark.objects.bulk_create(
        Mark(classification=answer, position=position, **asdict(line), **on_sky)
        for (answer, position, line), on_sky in zip(drawn, ends, strict=True)
    )


def ends_on_sky(lines: Sequence[tuple[Subject, Drawn]]) -> list[dict[str, float]]:
    """Return `ra1`, `dec1`, `ra2`, `dec2` (deg, ICRS) of lines on subjects; an empty one if the frame has no WCS."""
    places = [(subject.pk, _exposure(subject, line)) for subject, line in lines]
    cards = _cards(set(places)) if places else {}
    return [_sky(line, cards[place]) for (_, line), place in zip(lines, places, strict=True)]


def _exposure(subject: Subject, line: Drawn) -> int:
    """Return the position of the line's frame; all channels of a single frame are on it."""
    return line.frame if shape_of(subject)[0] > 1 else 0


def _cards(drawn: set[tuple[int, int]]) -> dict[tuple[int, int], Cards | None]:
    """Return the WCS cards of frames by subject and position; None if there are none."""
    wanted = Q()
    for subject, frame in drawn:
        wanted |= Q(subject=subject, position=frame)
    rows = Frame.objects.filter(wanted).values_list("subject_id", "position", "wcs")
    return dict.fromkeys(drawn) | {(subject, frame): cards for subject, frame, cards in rows}


def _sky(line: Drawn, cards: Cards | None) -> dict[str, float]:
    ends = to_sky(cards, [line.x1, line.x2], [line.y1, line.y2]) if cards else None
    if ends is None:
        return {}
    (ra1, ra2), (dec1, dec2) = ends.tolist()
    return {"ra1": ra1, "dec1": dec1, "ra2": ra2, "dec2": dec2}


@dataclass(frozen=True, slots=True)
class CornerLine:
    """A line in pixels from the upper left corner, in a picture of `width` by `height` (None: same size as ours)."""

    x1: float
    y1: float
    x2: float
    y2: float
    frame: int = 0
    width: float | None = None
    height: float | None = None


def from_corner(mark: Ends, height: int) -> tuple[float, float, float, float]:
    """Return x1, y1, x2, y2 in pixels from the upper left corner."""
    return mark.x1 + 0.5, height - 0.5 - mark.y1, mark.x2 + 0.5, height - 0.5 - mark.y2


def to_line(drawn: CornerLine, width: int, height: int) -> Line:
    """Return the line as a mark in a picture of `width` by `height` pixels."""
    across, down = width / (drawn.width or width), height / (drawn.height or height)
    return Line(
        x1=drawn.x1 * across - 0.5,
        y1=height - 0.5 - drawn.y1 * down,
        x2=drawn.x2 * across - 0.5,
        y2=height - 0.5 - drawn.y2 * down,
        frame=drawn.frame,
    )
