"""A subject's motion on the sky: the fit to its detections, residuals, trails, and the known objects nearby."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from ml.sky.detections import ONE_EXPOSURE
from ml.sky.error_ellipse import outline, tangent_direction
from ml.sky.motion import position_errors
from ml.sky.tangent_plane import ARCSEC, east_north, positions, unit_vectors
from ml.sky.weighted_motion import WeightedMotion, fit_weighted_motion
from webapp.archive.models import Frame
from webapp.figures.sky_links import shown_ra
from webapp.known_objects.models import KnownMatch

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Detection:
    """A detection beside the fit: errors, residuals and trail in arcsec; None where unknown.

    Attributes
    ----------
    error
        Root of the mean square of its errors toward east and north.
    along, left
        Residuals along the motion and to the left of it, with `error_along` and `error_left`.
    """

    frame: Frame
    error: float
    along: float | None
    left: float | None
    error_along: float | None
    error_left: float | None
    trail: float | None

    @property
    def ra(self) -> float | None:
        """Return its RA, degrees, as the page shows it."""
        return None if self.frame.ra is None else shown_ra(self.frame.ra)


@dataclass(frozen=True)
class Nearby:
    """A known object's mean predicted place, arcsec east and north of the mean position, and its 1σ error ellipse.

    Attributes
    ----------
    outline
        (C, 2) corners of the ellipse, like `east` and `north`; None where the orbit's error is unknown.
    """

    match: KnownMatch
    east: float
    north: float
    outline: Array | None


class Track:
    """The detections of one subject, at most F, and uniform motion fitted to them.

    Parameters
    ----------
    frames
        In order, perhaps none; those without time or position don't count.
    seeing
        FWHM of a star, arcsec.
    floor
        Least error of a position in each coordinate, arcsec. A detection's own error counts before both.
    """

    def __init__(self, frames: Sequence[Frame], seeing: float, floor: float) -> None:
        self.frames, self.seeing, self.floor = frames, seeing, floor
        self.mjd, ra, dec = (self._column(name) for name in ("mjd_mid", "ra", "dec"))
        measured = (self._column(name) for name in ("rms_ra", "rms_dec", "rms_corr", "snr"))
        rms_ra, rms_dec, corr = position_errors(*measured, seeing=seeing, floor=floor)
        self.is_known = np.isfinite(self.mjd) & np.isfinite(ra) & np.isfinite(dec)
        self.errors = (rms_ra, rms_dec, corr)
        self.error = np.sqrt((rms_ra**2 + rms_dec**2) / 2)
        self.directions = unit_vectors(ra, dec)
        columns = (np.atleast_2d(row) for row in (self.mjd, ra, dec, rms_ra, rms_dec, corr))
        self.motion: WeightedMotion = fit_weighted_motion(*columns)

    def _column(self, name: str) -> Array:
        values = [getattr(frame, name) for frame in self.frames]
        return np.array(values or [None], dtype=np.float64)

    @property
    def is_fitted(self) -> bool:
        """Return whether there is a motion: two detections at different times, and none 90° or more from the middle."""
        return bool(np.isfinite(self.motion.rate[0]))

    @property
    def has_times(self) -> bool:
        """Return whether the detections have more than one time."""
        known = self.mjd[self.is_known]
        return len(known) > 1 and bool(np.ptp(known) > ONE_EXPOSURE)

    @cached_property
    def position(self) -> tuple[float, float]:
        """Return RA and Dec at the mean time, deg; of the mean position where no motion is fitted."""
        ra, dec = positions(self.motion.position)
        return float(ra[0]), float(dec[0])

    @property
    def chance(self) -> float | None:
        """Return the probability of a χ² at least as large in uniform motion; None without degrees of freedom."""
        dof = int(self.motion.dof[0])
        return float(chdtrc(dof, self.motion.chi2[0])) if dof else None

    def numbers(self) -> dict[str, float | None]:
        """Return the fitted values by name, None where they cannot be known."""
        motion = self.motion
        values = {
            "mjd": motion.mjd[0],
            "rate": motion.rate[0],
            "rate_error": motion.rate_error[0],
            "pa": motion.position_angle[0],
            "pa_error": motion.position_angle_error[0],
            "chi2_dof": motion.chi2_dof[0],
            "bend": motion.bend[0, 1],
            "bend_error": motion.bend_error[0, 1],
        }
        return {name: _or_none(value) for name, value in values.items()} | {"chance": self.chance}

    def detections(self) -> list[Detection]:
        """Return all frames with their residuals, and the length of the trail that the rate makes in one exposure."""
        rate, residual, error = _or_none(self.motion.rate[0]), self.motion.residual[0], self.motion.residual_error[0]
        return [
            Detection(
                frame=frame,
                error=float(self.error[row]),
                along=_or_none(residual[row, 0]),
                left=_or_none(residual[row, 1]),
                error_along=_or_none(error[row, 0]),
                error_left=_or_none(error[row, 1]),
                trail=rate * frame.exptime / 3600 if rate is not None and frame.exptime else None,
            )
            for row, frame in enumerate(self.frames)
        ]

    @cached_property
    def offsets(self) -> Array:
        """Return places (F, 2) east and north of the position, arcsec, on the tangent plane; NaN if unknown."""
        axes = np.stack(east_north(self.motion.position[0]))
        offsets: Array = (self.directions - self.motion.position[0]) @ axes.T * ARCSEC
        return offsets

    def fitted(self) -> Array:
        """Return the fitted places (F, 2) like `offsets`."""
        return self.offsets - self.motion.residual[0] @ _axes(float(self.motion.position_angle[0]))

    def nearby(self, matches: Sequence[KnownMatch]) -> list[Nearby]:
        """Return where known objects were predicted, beside the mean place of the detections."""
        if not self.is_known.any():
            return []
        mean = self.offsets[self.is_known].mean(axis=0)
        first = self.directions[self.is_known][0]  # where the predicted position angle was measured
        ways = [tangent_direction(self.motion.position[0], first, each.position_angle) for each in matches]
        return [_nearby(each, mean, way) for each, way in zip(matches, ways, strict=True)]


def _axes(angle: float) -> Array:
    """Return unit vectors (2, 2), in east and north, along a position angle (deg) and to the left of it."""
    sin, cos = np.sin(np.radians(angle)), np.cos(np.radians(angle))
    return np.array([[sin, cos], [-cos, sin]])


def _nearby(match: KnownMatch, mean: Array, along: Array) -> Nearby:
    left = np.array([-along[1], along[0]])
    middle = mean - match.along * along - match.across * left
    corners = None
    if match.sigma_along and match.sigma_across:
        corners = outline(middle, along, match.sigma_along, match.sigma_across)
    return Nearby(match, float(middle[0]), float(middle[1]), corners)


def _or_none(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
