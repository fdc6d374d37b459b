"""Lines on a subject, drawn by volunteers or found by the champion detector of trails or of movers in cubes."""

import math
from dataclasses import dataclass
from typing import Any

from webapp.archive.models import Kind, Subject
from webapp.archive.pixels import shape_of
from webapp.classifications.line_marks import ends_on_sky
from webapp.classifications.models import Mark
from webapp.learning.model_roles import ROLE_OF_KIND
from webapp.learning.models import Checkpoint, Detection
from webapp.learning.promotion import champion_of
from webapp.volunteers.identity import pseudonym
from webapp.workflows.models import Workflow


@dataclass(frozen=True)
class DetectedLine:
    """A detection with its letter on the page, A for the best, its length, and where `ends_on_sky` are."""

    letter: str
    detection: Detection
    pixels: float
    sky: dict[str, float]


@dataclass(frozen=True)
class Detections:
    """A detector's detections; `p_real` is its score of the subject, None if it has not scored it yet."""

    model: Checkpoint | None
    p_real: float | None
    lines: list[DetectedLine]


@dataclass(frozen=True)
class DrawnLine:
    """A line with its number on the page, its volunteer, and its length (arcsec if the frame has a WCS)."""

    number: int
    who: str
    mark: Mark
    pixels: float
    arcsec: float | None


@dataclass(frozen=True)
class Annotations:
    """All lines on a subject; `detections` is None for a kind of subject without detectors. For scientists only."""

    subject: Subject
    lines: list[DrawnLine]
    detections: Detections | None

    def drawn(self) -> list[dict[str, Any]]:
        """Return what the viewer draws: ends in pixels as in `Mark`, `is_in_all` if not in its `frame` alone."""
        volunteers = [_drawn(line.mark, by="volunteers", label=str(line.number)) for line in self.lines]
        # A track crosses a cube's frames; a detector looks at the channels of a single frame, which are shown in turn.
        is_in_all = self.subject.kind == Kind.CUBE or shape_of(self.subject)[0] == 1
        return volunteers + [
            _drawn(line.detection, by="model", label=line.letter, score=line.detection.score, is_in_all=is_in_all)
            for line in (self.detections.lines if self.detections else ())
        ]


def _drawn(line: Mark | Detection, **more: Any) -> dict[str, Any]:
    return {name: getattr(line, name) for name in ("frame", "x1", "y1", "x2", "y2")} | more


def annotations_of(subject: Subject, workflow: Workflow | None) -> Annotations:
    """Return the lines on a subject, volunteers' as answers to the workflow; the caller must check the permission."""
    return Annotations(subject, lines_of(workflow, subject) if workflow else [], _detections_of(subject))


def _detections_of(subject: Subject) -> Detections | None:
    """Return the champion's detections in a subject, best first; None for subjects without detectors."""
    role = ROLE_OF_KIND[subject.kind]
    if not role.is_detector:
        return None
    champion = champion_of(subject.survey, role)
    if champion is None:
        return Detections(None, None, [])
    rows = list(Detection.objects.filter(checkpoint=champion, subject=subject))
    places = ends_on_sky([(subject, row) for row in rows])
    lines = [DetectedLine(row.letter, row, _length(row), sky) for row, sky in zip(rows, places, strict=True)]
    return Detections(champion, champion.scores.filter(subject=subject).values_list("p_real", flat=True).first(), lines)


def lines_of(workflow: Workflow, subject: Subject) -> list[DrawnLine]:
    """Return the lines that volunteers drew and did not take back, by frame and time."""
    marks = Mark.objects.standing().filter(classification__workflow=workflow, classification__subject=subject)
    rows = marks.select_related("classification__volunteer").order_by("frame", "classification__created_at", "position")
    return [_drawn_line(number, mark) for number, mark in enumerate(rows, 1)]


def _drawn_line(number: int, mark: Mark) -> DrawnLine:
    volunteer = mark.classification.volunteer
    who = pseudonym(volunteer.key, volunteer.user_id is not None).user_name
    return DrawnLine(number, who, mark, _length(mark), _arcsec(mark))


def _length(line: Mark | Detection) -> float:
    return math.hypot(line.x2 - line.x1, line.y2 - line.y1)


def _arcsec(mark: Mark) -> float | None:
    """Return the great-circle length of a line by the haversine formula, stable for short ones."""
    if None in (mark.ra1, mark.dec1, mark.ra2, mark.dec2):
        return None
    ra1, dec1, ra2, dec2 = (math.radians(angle or 0) for angle in (mark.ra1, mark.dec1, mark.ra2, mark.dec2))
    half = math.sin((dec2 - dec1) / 2) ** 2 + math.cos(dec1) * math.cos(dec2) * math.sin((ra2 - ra1) / 2) ** 2
    return 3600 * math.degrees(2 * math.asin(min(1.0, math.sqrt(half))))
