"""Great-circle motion fits of tracklets, vectorised."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.data.tracklet_frames import TrackletFrames
from ml.sky.detections import ONE_EXPOSURE
from ml.sky.tangent_plane import ARCSEC, normalised, unit_vectors

FLOOR = 0.1  # arcsec: error of a bright object's position, where nobody says
SEEING = 2.0  # arcsec, FWHM of a star, where nobody says
FEATURE_SEEING = 4.5  # arcsec: the scale of a model's features, the same for all surveys
UNKNOWN_SNR = 10.0
ROUNDS = 4  # iterations of rotating the frame into the direction of motion; two are enough for a degree
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Motion:
    """Motions of N tracklets; NaN if too little is known.

    Attributes
    ----------
    rate
        (N,) arcsec per hour; NaN if all frames have one time.
    residual
        (N,) root of χ² per degree of freedom: near 1 for uniform motion, larger for everything else.
    """

    rate: Array
    residual: Array


def astrometric_error(snr: Array, seeing: float, floor: float) -> Array:
    """Return the error of a position in each coordinate, arcsec, from its S/N; NaN counts as S/N 10.

    The sigma of the seeing (FWHM, arcsec) over the S/N, and a floor.
    """
    known = np.clip(np.where(np.isfinite(snr), snr, UNKNOWN_SNR), 1, None)
    return np.hypot(floor, seeing / 2.355 / known)


def position_errors(
    rms_ra: Array, rms_dec: Array, rms_corr: Array, snr: Array, *, seeing: float, floor: float
) -> tuple[Array, Array, Array]:
    """Return the errors of positions toward east and north, arcsec, their own or else by `astrometric_error`.

    The third array is the correlation of the two: 0 where it is unknown, or where one of the errors is.

    Parameters
    ----------
    rms_ra, rms_dec
        Arcsec, the first with cos δ; a NaN, or what is not positive, counts as not given.
    rms_corr
        A NaN, or what is not between -1 and 1, counts as not given.
    snr, seeing, floor
        See `astrometric_error`.
    """
    guess = astrometric_error(snr, seeing, floor)
    is_given = (rms_ra > 0) & (rms_dec > 0) & (np.abs(rms_corr) < 1)
    return (
        np.where(rms_ra > 0, rms_ra, guess),
        np.where(rms_dec > 0, rms_dec, guess),
        np.where(is_given, rms_corr, 0.0),
    )


def fit_motion(tracks: TrackletFrames) -> Motion:
    """Fit each tracklet's motion by weighted least squares.

    Positions are converted to longitude along, and latitude across, the great circle of the motion, in which uniform
    motion is a straight line of any length: on a tangent plane, 2° at a steady rate would be off by up to 0.1″. Both
    are linear in time with four parameters for 2 n numbers. Frames without time or position are left out.

    If all frames are of one exposure (within a second), no rate can be fitted: a single body would stay in one place,
    so the residual is their scatter about their mean. Glints of one satellite in one exposure lie on a line and still
    fit no motion.

    Errors are by S/N with the seeing `FEATURE_SEEING`: a model learns its own survey's residuals on that scale.

    Parameters
    ----------
    tracks
        N tracklets; the residual needs three known frames, the rate two.
    """
    t, place = tracks.of("mjd"), unit_vectors(tracks.of("ra"), tracks.of("dec"))
    known = np.isfinite(t) & np.isfinite(place).all(-1)
    sigma = astrometric_error(tracks.of("snr"), FEATURE_SEEING, FLOOR)
    weight = np.where(known, 1 / sigma**2, 0.0)
    n = known.sum(1)
    total = np.maximum(weight.sum(1), 1e-300)
    place = np.where(known[..., None], place, 0.0)
    when = np.where(known, t, 0.0)
    when = np.where(known, when - ((weight * when).sum(1) / total)[:, None], 0.0)
    still = np.ptp(when, axis=1) < ONE_EXPOSURE if when.shape[1] else np.zeros(len(n), bool)
    along, across, slope = _straightened(place, weight, when, still)
    off = _deviation(along, weight, when, slope[0]) ** 2 + _deviation(across, weight, when, slope[1]) ** 2
    chi2 = (weight * off).sum(1) * ARCSEC**2
    residual = np.sqrt(chi2 / np.maximum(2 * n - 4, 1))
    rate = np.hypot(*slope) * ARCSEC / 24
    return Motion(np.where((n >= 2) & ~still, rate, np.nan), np.where(n >= 3, residual, np.nan))


def _straightened(
    place: Array, weight: Array, when: Array, still: NDArray[np.bool_]
) -> tuple[Array, Array, tuple[Array, Array]]:
    """Return longitude and latitude (N, F), rad, in the frame of each motion, and their slopes (N,), rad per day."""
    middle = normalised((weight[..., None] * place).sum(1))
    forward = normalised(np.cross(_least_axis(middle), middle))
    for _ in range(ROUNDS):
        along, across = _coordinates(place, middle, forward)
        slope = _slope(along, weight, when, still), _slope(across, weight, when, still)
        middle, forward = _turned(middle, forward, (_mean(along, weight), _mean(across, weight)), slope)
    along, across = _coordinates(place, middle, forward)
    return along, across, (_slope(along, weight, when, still), _slope(across, weight, when, still))


def _turned(middle: Array, forward: Array, at: tuple[Array, Array], slope: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return a frame with its origin at `at` and its equator along the motion there."""
    side = np.cross(middle, forward)
    (a, b), (va, vb) = (x[:, None] for x in at), (x[:, None] for x in slope)
    equator = np.cos(a) * middle + np.sin(a) * forward
    east, north = np.cos(a) * forward - np.sin(a) * middle, np.cos(b) * side - np.sin(b) * equator
    moves = np.hypot(va, vb) > 0
    return np.cos(b) * equator + np.sin(b) * side, normalised(np.where(moves, va * np.cos(b) * east + vb * north, east))


def _coordinates(place: Array, middle: Array, forward: Array) -> tuple[Array, Array]:
    side = np.cross(middle, forward)
    x, y, z = (np.einsum("nfk,nk->nf", place, axis) for axis in (middle, forward, side))
    return np.arctan2(y, x), np.arcsin(np.clip(z, -1, 1))


def _slope(values: Array, weight: Array, when: Array, still: NDArray[np.bool_]) -> Array:
    spread = (weight * when**2).sum(1)
    return np.where(still, 0.0, (weight * when * values).sum(1) / np.where(spread > 0, spread, 1.0))


def _mean(values: Array, weight: Array) -> Array:
    mean: Array = (weight * values).sum(1) / np.maximum(weight.sum(1), 1e-300)
    return mean


def _deviation(values: Array, weight: Array, when: Array, slope: Array) -> Array:
    return values - _mean(values, weight)[:, None] - slope[:, None] * when


def _least_axis(middle: Array) -> Array:
    """Return the axis (N, 3) farthest from each direction, so that their cross product is well defined."""
    return np.eye(3)[np.abs(middle).argmin(1)]
