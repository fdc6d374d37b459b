"""The trails on cutouts and the tracks through cubes as detections: where the middle of each was at mid-exposure."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from ml.imaging.wcs import Cards, to_sky
from ml.sky.tangent_plane import separation, unit_vectors
from ml.trails.line_marks import Mark as Line
from ml.trails.line_marks import consensus_lines, on_same_trail
from webapp.archive.models import Frame
from webapp.classifications.models import Mark
from webapp.learning.models import Detection

LEAST_SCORE = 0.5
"""Minimum score of a model's detection that counts as a trail or track."""
MODEL = "model"
END_ERROR = 2.0
"""Pixels, 1σ in each coordinate: how far the middle of a line is off that of its trail."""
TRACK_ERROR = 0.5
"""Pixels, 1σ in each coordinate, of a track: five times that of simulated cubes (docs/cubes.md), for real ones."""

Row = tuple[int, int, float | None, float, float, float, float, None]
Lines = defaultdict[tuple[int, int], list[Line]]
"""Lines by subject and frame."""


def trail_rows(cutouts: Collection[int]) -> Iterator[Row]:
    """Yield each trail's subject, frame, MJD, RA and Dec in degrees, their errors in arcsec, and no S/N.

    A trail is a line of the champion or of volunteers; lines on the same trail become one, with the medians of their
    ends. Left out are trails on frames without time or WCS.
    """
    lines = volunteers_lines(cutouts)
    for place, found in _champions_lines(cutouts).items():
        lines[place] += found
    yield from _rows(_merged(lines), END_ERROR)


def track_rows(cubes: Collection[int]) -> Iterator[Row]:
    """Yield the same of each track, and of what volunteers drew beside the tracks.

    A track is compared in one frame, however many it crosses. What is stored of it is a line, with the frame in which
    the mover was at its middle; when it was at the ends is not stored. Volunteers' lines along a track, drawn in any
    frame, are that track's. Any other is taken for a trail in the frame in which it was drawn.
    """
    tracks = _champions_lines(cubes)
    through: dict[int, list[Line]] = defaultdict(list)
    for (cube, _), found in tracks.items():
        through[cube] += found
    beside = {
        (cube, frame): [line for line in drawn if not any(on_same_trail([line], through[cube]).flat)]
        for (cube, frame), drawn in volunteers_lines(cubes).items()
    }
    yield from _rows({place: [np.array(each.line) for each in found] for place, found in tracks.items()}, TRACK_ERROR)
    yield from _rows(_merged(beside), END_ERROR)


def volunteers_lines(subjects: Collection[int]) -> Lines:
    """Return the lines that volunteers drew on some cutouts or cubes and did not take back."""
    drawn = Mark.objects.standing().filter(classification__subject__in=subjects).select_related("classification")
    lines: Lines = defaultdict(list)
    for mark in drawn:
        answer = mark.classification
        ends = (mark.x1, mark.y1, mark.x2, mark.y2)
        lines[answer.subject_id, mark.frame].append(Line(str(answer.volunteer_id), ends))
    return lines


def _champions_lines(subjects: Collection[int]) -> Lines:
    found = Detection.objects.filter(checkpoint__is_champion=True, score__gte=LEAST_SCORE, subject__in=subjects)
    lines: Lines = defaultdict(list)
    for each in found:
        lines[each.subject_id, each.frame].append(Line(MODEL, (each.x1, each.y1, each.x2, each.y2)))
    return lines


Ends = Mapping[tuple[int, int], list[NDArray[np.float64]]]


def _merged(lines: Mapping[tuple[int, int], list[Line]]) -> Ends:
    return {place: [each.line for each in consensus_lines(drawn)] for place, drawn in lines.items()}


def _rows(lines: Ends, pixels: float) -> Iterator[Row]:
    """Yield the middles of lines, with an error in pixels."""
    subjects, positions = {subject for subject, _ in lines}, {position for _, position in lines}
    is_timed = Q(mjd_mid__lt=math.inf)  # NaN is above it in PostgreSQL
    frames = Frame.objects.filter(is_timed, subject__in=subjects, position__in=positions)
    for subject, frame, mjd, cards in frames.values_list("subject_id", "position", "mjd_mid", "wcs"):
        for line in lines.get((subject, frame), []):
            place = _middle(cards, line)
            if place is not None:
                ra, dec, scale = place
                yield (subject, frame, mjd, ra, dec, pixels * scale, pixels * scale, None)


def _middle(cards: Cards | None, line: NDArray[np.float64]) -> tuple[float, float, float] | None:
    """Return RA and Dec of a line's middle in degrees, and the pixel there in arcsec; None without a WCS."""
    x, y = line.reshape(2, 2).mean(axis=0)
    sky = to_sky(cards, [x, x + 1], [y, y]) if cards else None  # and of the next pixel, for the scale
    if sky is None:
        return None
    return float(sky[0, 0]), float(sky[1, 0]), float(separation(*unit_vectors(*sky)))
