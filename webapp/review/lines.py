"""Lines on a subject, drawn by volunteers or found by the champion detector of trails or of movers in cubes."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from webapp.archive.models import Subject
from webapp.archive.pixels import shape_of
from webapp.classifications.models import Mark
from webapp.learning.model_roles import ROLE_OF_KIND
from webapp.learning.models import Checkpoint, Detection
from webapp.volunteers.identity import pseudonym
from webapp.workflows.models import Workflow


@dataclass(frozen=True)
class FoundLine:
    """A detection with its letter on the page, A for the best; `x` and `y` are the letter's position in the picture."""

    letter: str
    find: Detection
    pixels: float
    top: float
    bottom: float
    x: float
    y: float
    is_right: bool


@dataclass(frozen=True)
class Finds:
    """A detector's detections; `p_real` is its score of the subject, None if it has not scored it yet."""

    model: Checkpoint | None
    p_real: float | None
    lines: list[FoundLine]


def finds_of(champion: Checkpoint | None, subject: Subject) -> Finds | None:
    """Return the champion's detections in a subject, best first; None for subjects without detectors."""
    if not ROLE_OF_KIND[subject.kind].is_detector:
        return None
    if champion is None:
        return Finds(None, None, [])
    _frames, _channels, height, width = shape_of(subject)
    rows = Detection.objects.filter(checkpoint=champion, subject=subject)
    lines = [_found_line(find, width, height) for find in rows]
    return Finds(champion, champion.scores.filter(subject=subject).values_list("p_real", flat=True).first(), lines)


def _found_line(find: Detection, width: int, height: int) -> FoundLine:
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


@dataclass(frozen=True)
class DrawnLine:
    """A line with its number on the page, its volunteer, and its length (arcsec if the frame has a WCS)."""

    number: int
    who: str
    mark: Mark
    pixels: float
    arcsec: float | None
    top: float
    bottom: float


@dataclass(frozen=True)
class MarkedFrame:
    """A frame and its lines; pixels count from the centre of the first, so the picture starts at -0.5."""

    frame: int
    width: int
    height: int
    lines: list[DrawnLine]
    finds: list[FoundLine]
    is_channel: bool = False

    @property
    def plane(self) -> dict[str, int]:
        """The frame and the channel to draw: lines in a subject with a single frame count its channels."""
        return {"frame": 0, "channel": self.frame} if self.is_channel else {"frame": self.frame, "channel": 0}

    @property
    def letter(self) -> float:
        """Height of a number, in pixels of the picture."""
        return max(self.width, self.height) / 24

    @property
    def box(self) -> str:
        return f"-0.5 -0.5 {self.width} {self.height}"


def marked_frames(workflow: Workflow, subject: Subject, finds: Sequence[FoundLine] = ()) -> list[MarkedFrame]:
    """Return the frames with drawn or detected lines."""
    marks = Mark.objects.standing().filter(classification__workflow=workflow, classification__subject=subject)
    rows = marks.select_related("classification__volunteer").order_by("frame", "classification__created_at", "position")
    by_frame: dict[int, list[DrawnLine]] = defaultdict(list)
    for number, mark in enumerate(rows, 1):
        by_frame[mark.frame].append(_drawn_line(number, mark, shape_of(subject)[2]))
    return _with_lines(subject, by_frame, finds)


def found_frames(subject: Subject, finds: Sequence[FoundLine]) -> list[MarkedFrame]:
    """Return the frames with detected lines."""
    return _with_lines(subject, defaultdict(list), finds)


def _with_lines(
    subject: Subject, by_frame: dict[int, list[DrawnLine]], finds: Sequence[FoundLine]
) -> list[MarkedFrame]:
    frames, _channels, height, width = shape_of(subject)
    detected: dict[int, list[FoundLine]] = defaultdict(list)
    for find in finds:
        detected[find.find.frame].append(find)
    numbers = sorted({*by_frame, *detected})
    return [
        MarkedFrame(frame, width, height, by_frame[frame], detected[frame], is_channel=frames == 1) for frame in numbers
    ]


def _drawn_line(number: int, mark: Mark, height: int) -> DrawnLine:
    volunteer = mark.classification.volunteer
    return DrawnLine(
        number=number,
        who=pseudonym(volunteer.key, volunteer.user_id is not None).user_name,
        mark=mark,
        pixels=math.hypot(mark.x2 - mark.x1, mark.y2 - mark.y1),
        arcsec=_arcsec(mark),
        top=height - 1 - mark.y1,  # the first row is drawn at the bottom
        bottom=height - 1 - mark.y2,
    )


def _arcsec(mark: Mark) -> float | None:
    """Return the great-circle length of a line by the haversine formula, stable for short ones."""
    if None in (mark.ra1, mark.dec1, mark.ra2, mark.dec2):
        return None
    ra1, dec1, ra2, dec2 = (math.radians(angle or 0) for angle in (mark.ra1, mark.dec1, mark.ra2, mark.dec2))
    half = math.sin((dec2 - dec1) / 2) ** 2 + math.cos(dec1) * math.cos(dec2) * math.sin((ra2 - ra1) / 2) ** 2
    return 3600 * math.degrees(2 * math.asin(min(1.0, math.sqrt(half))))
