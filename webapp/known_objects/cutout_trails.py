"""The trails on cutouts as detections: where the middle of each was at mid-exposure."""

from collections import defaultdict
from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from ml.imaging.wcs import Cards, to_sky
from ml.sky.tangent_plane import separation, unit_vectors
from ml.trails.line_marks import Mark as Line
from ml.trails.line_marks import consensus_lines
from webapp.archive.models import Frame
from webapp.classifications.models import Mark
from webapp.learning.models import Detection

LEAST_SCORE = 0.5
"""Of a model's detection, to count as a trail."""
MODEL = "model"
END_ERROR = 2.0
"""Pixels, 1σ in each coordinate: how far the middle of a line is off that of its trail."""

Row = tuple[int, int, float | None, float, float, float, float, None]


def trail_rows(cutouts: Collection[int]) -> Iterator[Row]:
    """Yield each trail's subject, frame, MJD, RA and Dec in degrees, their errors in arcsec, and no S/N.

    A trail is a line of the champion or of volunteers; lines on the same trail become one, with the medians of their
    ends. Left out are trails on frames without time or WCS.
    """
    lines = _lines(cutouts)
    placed = Frame.objects.filter(subject__in={subject for subject, _ in lines}, mjd_mid__isnull=False)
    for subject, frame, mjd, cards in placed.values_list("subject_id", "position", "mjd_mid", "wcs"):
        for each in consensus_lines(lines.get((subject, frame), [])):
            place = _middle(cards, each.line)
            if place is not None:
                yield (subject, frame, mjd, *place, None)


def _lines(cutouts: Collection[int]) -> dict[tuple[int, int], list[Line]]:
    lines = volunteers_lines(cutouts)
    found = Detection.objects.filter(checkpoint__is_champion=True, score__gte=LEAST_SCORE, subject__in=cutouts)
    for each in found:
        lines[each.subject_id, each.frame].append(Line(MODEL, (each.x1, each.y1, each.x2, each.y2)))
    return lines


def volunteers_lines(cutouts: Collection[int]) -> defaultdict[tuple[int, int], list[Line]]:
    """Return the lines that volunteers drew on some cutouts and did not take back, by subject and frame."""
    drawn = Mark.objects.standing().filter(classification__subject__in=cutouts).select_related("classification")
    lines: defaultdict[tuple[int, int], list[Line]] = defaultdict(list)
    for mark in drawn:
        answer = mark.classification
        ends = (mark.x1, mark.y1, mark.x2, mark.y2)
        lines[answer.subject_id, mark.frame].append(Line(str(answer.volunteer_id), ends))
    return lines


def _middle(cards: Cards | None, line: NDArray[np.float64]) -> tuple[float, float, float, float] | None:
    """Return RA and Dec of a line's middle in degrees, and its error in both, arcsec; None without a WCS."""
    x, y = line.reshape(2, 2).mean(axis=0)
    sky = to_sky(cards, [x, x + 1], [y, y]) if cards else None  # and of the next pixel, for the scale
    if sky is None:
        return None
    pixel = float(separation(*unit_vectors(*sky)))
    return (float(sky[0, 0]), float(sky[1, 0]), END_ERROR * pixel, END_ERROR * pixel)
