"""Trails measured in a tracklet's stamps, beside those that its fitted rate draws in one exposure."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from ml.imaging.trailed_psf import trail_length
from ml.imaging.wcs import tangent_plane
from ml.sky.tangent_plane import east_north, unit_vectors
from webapp.archive.models import Frame, Kind, Subject
from webapp.archive.pixels import pixels_of
from webapp.figures.track import Track

THREE_SIGMA = 0.0027


@dataclass(frozen=True)
class MeasuredTrail:
    """A trail in arcsec: the best fit and its 68 % interval; `excess` is the predicted length's χ² of one degree."""

    length: float
    low: float
    high: float
    excess: float


@dataclass(frozen=True)
class Trailing:
    """The measured trails by frame, and the probability of as large a disagreement by chance (None without any)."""

    trails: dict[int, MeasuredTrail]
    chance: float | None = None
    is_longer: bool = False

    @property
    def disagrees(self) -> bool:
        """Return whether measured and predicted lengths differ by 3σ, all frames together."""
        return self.chance is not None and self.chance < THREE_SIGMA


@dataclass(frozen=True)
class _Grid:
    """How a frame's pixels lie on the sky: arcsec per pixel, where the detection is, and the motion's direction."""

    scale: float
    x: float
    y: float
    angle: float | None


def measure_trails(subject: Subject, track: Track, seeing: float) -> Trailing:
    """Measure the trails of a tracklet with a fitted motion, exposure times and a pixel scale; none otherwise.

    Parameters
    ----------
    subject
        With its survey.
    track
        Of the subject's frames.
    seeing
        FWHM of a star, arcsec.
    """
    if subject.kind != Kind.TRACKLET or not track.is_fitted:
        return Trailing({})
    try:
        block = pixels_of(subject)[:, _channel(subject)]
    except LookupError:
        return Trailing({})
    trails, longer = {}, 0.0
    for detection in track.detections():
        frame, predicted = detection.frame, detection.trail
        if predicted is None or frame.position >= len(block):
            continue
        if trail := _measured(block[frame.position], _grid(subject, frame, track, block.shape[-2:]), seeing, predicted):
            trails[frame.position] = trail
            longer += (trail.length - predicted) / max(trail.high - trail.low, 1e-6) ** 2
    chance = float(chdtrc(len(trails), sum(trail.excess for trail in trails.values()))) if trails else None
    return Trailing(trails, chance, longer > 0)


def _measured(pixels: NDArray[Any], grid: _Grid | None, seeing: float, predicted: float) -> MeasuredTrail | None:
    if grid is None:
        return None
    found = trail_length(pixels, grid.x, grid.y, seeing / grid.scale, predicted / grid.scale, grid.angle)
    if found is None:
        return None
    scale = grid.scale
    return MeasuredTrail(found.length * scale, found.low * scale, found.high * scale, found.excess)


def _channel(subject: Subject) -> int:
    """Return the channel that shows the mover alone, if its name says so; else the first."""
    names = [name.lower() for name in subject.survey.channels]
    return next((place for place, name in enumerate(names) if "difference" in name), 0)


def _grid(subject: Subject, frame: Frame, track: Track, shape: tuple[int, ...]) -> _Grid | None:
    """Return a frame's grid; without a WCS the detection is in the middle, and the direction is unknown."""
    height, width = shape
    plane = tangent_plane(frame.wcs, width, height) if frame.wcs else None
    if plane is None:
        scale = subject.survey.pixel_scale
        return _Grid(scale, (width - 1) / 2, (height - 1) / 2, None) if scale else None
    cd = np.array(plane["cd"])
    angle = np.radians(float(track.motion.position_angle[0]))
    along = np.linalg.solve(cd, [np.sin(angle), np.cos(angle)])
    x, y = plane["x"], plane["y"]
    if frame.ra is not None and frame.dec is not None:
        seen, centre = unit_vectors(np.array([frame.ra, plane["ra"]]), np.array([frame.dec, plane["dec"]]))
        place = np.degrees(np.stack(east_north(centre)) @ seen / (seen @ centre))
        x, y = np.array([x, y]) + np.linalg.solve(cd, place)
    scale = 3600 * float(np.sqrt(abs(np.linalg.det(cd))))
    return _Grid(scale, float(x), float(y), float(np.degrees(np.arctan2(along[1], along[0]))))
