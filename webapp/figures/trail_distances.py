"""Distances of the movers in a cutout, from how the observer's path bends their trails."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray

from ml.imaging.noise_normalisation import linear_noise
from ml.io.observer_place import observer_place, observer_velocity
from ml.sky.observer_path import observer_path
from ml.sky.parallax_distance import LEAST_CHANCE
from ml.sky.trail_parallax import STRAIGHT
from ml.trails import ridge_points
from ml.trails.line_marks import consensus_lines
from ml.trails.trail_distance import Exposure, TrailDistance, trail_distance
from webapp.archive.models import Frame, Kind, Subject
from webapp.archive.pixels import pixels_of
from webapp.known_objects.trails_and_tracks import LEAST_SCORE, volunteers_lines
from webapp.learning.model_roles import ROLE_OF_KIND
from webapp.learning.models import Detection
from webapp.learning.promotion import champion_of

MOST = 4  # trails of one subject
DETECTION, VOLUNTEERS = _("Model"), _("Volunteers")
NO_TIME = _("The frame has no time, exposure time or WCS. Give mjd and exptime in the manifest, and images with a WCS.")
NOWHERE = _(
    "The observer’s path is unknown. Give the spacecraft’s place and velocity in the manifest (obs_x1, obs_y1, obs_z1 "
    "in km, obs_vx1, obs_vy1, obs_vz1 in km/s), or set the survey’s observatory code."
)
UNFIT = _("No distance fits its shape. Is something else on the trail?")
WRONG_WAY = _("The trail bends the wrong way for any distance. Is something else on it, or are times or places wrong?")
PROBLEMS = {
    ridge_points.TOO_SHORT: _("The trail is too short to have a shape."),
    ridge_points.TOO_FAINT: _("The trail is too faint to measure its shape."),
    ridge_points.NO_END: _("An end of the trail does not stand out."),
    ridge_points.CUT_OFF: _("An end of the trail lies outside the image, or nothing was measured there."),
    STRAIGHT: _("The observer moved too straight during the exposure: every distance fits."),
}


@dataclass(frozen=True)
class MeasuredLine:
    """A line on a frame, from the model or from volunteers, and the distance of what drew the trail, or why none."""

    source: Promise
    frame: int
    letter: str = ""  # of the detection, as on the picture
    found: TrailDistance | None = None
    problem: str | Promise = ""

    @property
    def name(self) -> str:
        return f"{self.source} {self.letter}".rstrip()

    @property
    def points(self) -> int:
        """Return the number of points that were fitted."""
        return len(self.found.points.points) - self.found.parallax.dropped if self.found else 0

    def drawn(self) -> dict[str, Any]:
        """Return the measured ridge, for the viewer."""
        points = self.found.points.points.round(1).tolist() if self.found else []
        return {"by": "measured", "frame": self.frame, "points": points, "label": "", "is_in_all": False}


def trail_distances(subject: Subject, frames: Iterable[Frame]) -> list[MeasuredLine]:
    """Measure the lines on a cutout: the champion's best detections, and where volunteers agree.

    Parameters
    ----------
    subject
        With its survey; another kind than a cutout has none.
    frames
        All of the subject's.
    """
    if subject.kind != Kind.CUTOUT:
        return []
    lines = list(chain(_detected(subject), _marked(subject)))[:MOST]
    if not lines:
        return []
    try:
        block = pixels_of(subject)
    except LookupError:
        return []
    by_position = {frame.position: frame for frame in frames}
    images = {at: linear_noise(block[at].mean(axis=0)) for at in {line.frame for line, _ in lines} if at < len(block)}
    return [
        replace(line, **_measured(subject, by_position.get(line.frame), images[line.frame], ends))
        for line, ends in lines
        if line.frame in images
    ]


Lines = Iterable[tuple[MeasuredLine, NDArray[np.float64]]]
"""Lines to measure, and their ends."""


def _detected(subject: Subject) -> Lines:
    champion = champion_of(subject.survey, ROLE_OF_KIND[subject.kind])
    found = Detection.objects.filter(checkpoint=champion, subject=subject, score__gte=LEAST_SCORE) if champion else ()
    for each in found:
        yield MeasuredLine(DETECTION, each.frame, each.letter), np.array([[each.x1, each.y1], [each.x2, each.y2]])


def _marked(subject: Subject) -> Lines:
    for (_subject, frame), lines in sorted(volunteers_lines([subject.pk]).items()):
        for each in sorted(consensus_lines(lines), key=lambda line: -line.volunteers):
            yield MeasuredLine(VOLUNTEERS, frame), each.line.reshape(2, 2)


def _measured(subject: Subject, frame: Frame | None, image: NDArray[Any], ends: NDArray[np.float64]) -> dict[str, Any]:
    """Return what a line's fields `found` and `problem` are."""
    if frame is None or frame.mjd_mid is None or not frame.exptime or not frame.wcs:
        return {"problem": NO_TIME}
    metadata, at = subject.metadata, frame.position
    place, velocity = observer_place(metadata, at), observer_velocity(metadata, at)
    try:
        path = observer_path(frame.mjd_mid, place, velocity, subject.survey.observatory)
    except ValueError:
        return {"problem": NOWHERE}
    try:
        found = trail_distance(image, ends, Exposure(frame.mjd_mid, frame.exptime, frame.wcs, path))
    except ValueError as error:
        return {"problem": PROBLEMS.get(str(error), UNFIT)}
    wrong_way = WRONG_WAY if found.parallax.fit.is_impossible else ""
    return {"found": found, "problem": UNFIT if found.chance < LEAST_CHANCE else wrong_way}
