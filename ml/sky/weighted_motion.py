"""Weighted least-squares motion of tracklets on the tangent plane: rate, position angle, curvature, formal errors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.sky.detections import ONE_EXPOSURE
from ml.sky.tangent_plane import ARCSEC, east_north, normalised, plane_covariances, unit_vectors

Array = NDArray[np.float64]
ROUNDS = 3  # Gauss–Newton; the problem is nearly linear, so one is enough for a degree


@dataclass(frozen=True)
class WeightedMotion:
    """Motions of N tracklets at their weighted mean time; NaN where a value cannot be known.

    Attributes
    ----------
    mjd
        (N,) weighted mean time.
    position
        (N, 3) unit vectors at that time; the weighted mean position where no motion can be fitted.
    velocity
        (N, 2) toward the east and north of that position, arcsec per hour.
    covariance
        (N, 4, 4) of position east, north (arcsec) and velocity east, north (arcsec/h), at `mjd`.
    bend
        (N, 2) acceleration along and across the motion, arcsec/h², and `bend_error` (N, 2); from three times on.
    chi2
        (N,) of the straight fit, with `dof` (N,) = 2 n - 4 degrees of freedom.
    residual
        (N, F, 2) detections minus the fit, along the motion and to the left of it, arcsec; NaN if not counted.
    noise
        (N, F, 2, 2) covariances of the detections' positions in the plane of the weighted mean position, arcsec².
    """

    mjd: Array
    position: Array
    velocity: Array
    covariance: Array
    bend: Array
    bend_error: Array
    chi2: Array
    dof: NDArray[np.int64]
    residual: Array
    noise: Array

    @property
    def rate(self) -> Array:
        """Return the rate (N,), arcsec per hour."""
        return np.hypot(self.velocity[:, 0], self.velocity[:, 1])

    @property
    def position_angle(self) -> Array:
        """Return the direction of motion (N,), degrees from north through east, 0 to 360."""
        return np.degrees(np.arctan2(self.velocity[:, 0], self.velocity[:, 1])) % 360

    @property
    def rate_error(self) -> Array:
        """Return the formal error (N,) of the rate, arcsec per hour."""
        return self._velocity_error(self._along)

    @property
    def position_angle_error(self) -> Array:
        """Return the formal error (N,) of the position angle, degrees; 180 at most."""
        with np.errstate(divide="ignore", invalid="ignore"):
            angle = np.degrees(self._velocity_error(self._across) / self.rate)
        return np.minimum(angle, 180.0)

    @property
    def chi2_dof(self) -> Array:
        """Return χ² per degree of freedom (N,); NaN for two detections."""
        return np.where(self.dof > 0, self.chi2 / np.maximum(self.dof, 1), np.nan)

    @property
    def residual_error(self) -> Array:
        """Return the errors (N, F, 2) of the detections along the motion and to the left of it, like `residual`."""
        turn = _turn(self.velocity)
        variance = np.einsum("nij,nfjk,nik->nfi", turn, self.noise, turn)
        return np.where(np.isfinite(self.residual), np.sqrt(variance), np.nan)

    @property
    def _along(self) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            along = self.velocity / self.rate[:, None]
        return np.where((self.rate > 0)[:, None], along, [1.0, 0.0])

    @property
    def _across(self) -> Array:
        return self._along[:, ::-1] * [-1.0, 1.0]

    def _velocity_error(self, axis: Array) -> Array:
        return np.sqrt(np.einsum("ni,nij,nj->n", axis, self.covariance[:, 2:, 2:], axis))


def fit_weighted_motion(
    mjd: Array, ra: Array, dec: Array, rms_ra: Array, rms_dec: Array, corr: Array
) -> WeightedMotion:
    """Fit uniform motion along a great circle to N tracklets of at most F detections.

    The residuals are taken on the tangent plane at the fitted position of each detection, so that a straight track of
    any length is straight; errors are turned from each detection's own east and north to those of the weighted mean
    position, which differ near a pole. No motion is fitted to detections of one time, nor where one lies 90° or more
    from the weighted mean position.

    Parameters
    ----------
    mjd, ra, dec
        (N, F) days and degrees; NaN for a detection that does not count.
    rms_ra, rms_dec
        (N, F) arcsec, errors to the east (with cos δ) and to the north, positive.
    corr
        (N, F) their correlation, between -1 and 1.

    Notes
    -----
    Linear least squares with the inverse covariances of the detections as weights; the formal covariance of the
    parameters is the inverse of the normal matrix, not scaled by χ².
    """
    places = unit_vectors(ra, dec)
    known = np.isfinite(mjd) & np.isfinite(places).all(-1)
    places = np.where(known[..., None], places, [1.0, 0.0, 0.0])
    given = ((rms_ra, 1.0), (rms_dec, 1.0), (corr, 0.0))
    rms_ra, rms_dec, corr = (np.where(known, values, fill) for values, fill in given)
    share = _shares(rms_ra, rms_dec, corr, known)
    middle = normalised((share[..., None] * places).sum(1))
    axes = np.stack(east_north(middle), axis=1)  # (N, 2, 3)
    near = (places * middle[:, None]).sum(-1) > 0  # the plane shows nothing else: the antipode would be in the middle
    on_plane = (near | ~known).all(1)
    seen = np.where(near[..., None], places, middle[:, None])
    noise = plane_covariances(seen, axes[:, None], rms_ra, rms_dec, corr)
    weight = np.where(known[..., None, None], np.linalg.inv(noise), 0.0)
    hours, mean_time = _hours(mjd, share, known)
    moving = np.ptp(hours, axis=1) / 24 > ONE_EXPOSURE
    design = np.stack([np.ones_like(hours), np.where(moving[:, None], hours, 0.0)], axis=-1)
    normal = _normal_matrix(design, weight)
    inverse = _inverse(normal, (known.sum(1) >= 2) & moving & on_plane)
    state = np.zeros((len(mjd), 2, 2))  # position and velocity, arcsec and arcsec/h, on the plane
    for _ in range(ROUNDS):
        residual = _residuals(places, middle, axes, state, hours)
        state = state + np.einsum("nij,nj->ni", inverse, _projected(design, weight, residual)).reshape(-1, 2, 2)
    residual = np.where(known[..., None], _residuals(places, middle, axes, state, hours), 0.0)
    chi2 = np.einsum("nfi,nfij,nfj->n", residual, weight, residual)
    fitted = np.isfinite(inverse).all((1, 2))
    state[~fitted] = np.nan
    bend, bend_error = _bend(design, hours, weight, residual, state[:, 1], known)
    position = normalised(middle + np.einsum("ni,nij->nj", np.nan_to_num(state[:, 0]), axes) / ARCSEC)
    dof = np.where(fitted, 2 * known.sum(1) - 4, 0)
    turned = np.einsum("nij,nfj->nfi", _turn(state[:, 1]), residual)
    return WeightedMotion(
        mean_time,
        position,
        state[:, 1],
        inverse,
        bend,
        bend_error,
        np.where(fitted, chi2, np.nan),
        dof,
        np.where(known[..., None] & np.isfinite(state[:, 1])[:, None], turned, np.nan),
        noise,
    )


def _shares(rms_ra: Array, rms_dec: Array, corr: Array, known: NDArray[np.bool_]) -> Array:
    """Return the weights (N, F) of the mean time and place: the traces of the inverse covariances; 0 if not known."""
    return np.where(known, (rms_ra**-2 + rms_dec**-2) / (1 - corr**2), 0.0)


def _hours(mjd: Array, share: Array, known: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Return hours (N, F) since the weighted mean time, and that time (N,)."""
    total = share.sum(1)
    first = np.where(known, mjd, np.inf).min(1, initial=np.inf)
    first = np.where(np.isfinite(first), first, 0.0)
    since = np.where(known, mjd - first[:, None], 0.0)
    mean = (share * since).sum(1) / np.where(total > 0, total, 1.0)
    hours = np.where(known, since - mean[:, None], 0.0) * 24
    return hours, np.where(total > 0, first + mean, np.nan)


def _normal_matrix(design: Array, weight: Array) -> Array:
    """Return (N, 2 k, 2 k), ordered by power of time, then axis."""
    size = 2 * design.shape[-1]
    return np.einsum("nfa,nfij,nfb->naibj", design, weight, design).reshape(-1, size, size)


def _projected(design: Array, weight: Array, residual: Array) -> Array:
    return np.einsum("nfa,nfij,nfj->nai", design, weight, residual).reshape(len(design), 2 * design.shape[-1])


def _inverse(normal: Array, solvable: NDArray[np.bool_]) -> Array:
    inverse = np.full_like(normal, np.nan)
    inverse[solvable] = np.linalg.inv(normal[solvable])
    return inverse


def _residuals(places: Array, middle: Array, axes: Array, state: Array, hours: Array) -> Array:
    """Return observed minus fitted (N, F, 2), arcsec, in the plane's axes, for motion along a great circle."""
    start = normalised(middle + np.einsum("ni,nij->nj", state[:, 0], axes) / ARCSEC)
    drift = np.einsum("ni,nij->nj", state[:, 1], axes) / ARCSEC
    drift = drift - (drift * start).sum(-1, keepdims=True) * start  # tangent to the sky at the start
    speed = np.linalg.norm(drift, axis=-1, keepdims=True)
    angle = (np.linalg.norm(state[:, 1], axis=-1, keepdims=True) / ARCSEC * hours)[..., None]
    ahead = np.where(speed > 0, drift / np.where(speed > 0, speed, 1.0), 0.0)
    fitted = np.cos(angle) * start[:, None] + np.sin(angle) * ahead[:, None]
    return np.einsum("nfj,nij->nfi", places - fitted, axes) * ARCSEC


def _bend(
    design: Array, hours: Array, weight: Array, residual: Array, velocity: Array, known: NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Return the acceleration along and across the motion (N, 2), arcsec/h², and its errors."""
    full = np.concatenate([design, hours[..., None] ** 2 / 2], axis=-1)
    times = np.sort(np.where(known, hours, np.inf), axis=1)
    with np.errstate(invalid="ignore"):
        gaps = np.diff(times, axis=1)
    enough = 1 + (np.isfinite(gaps) & (gaps * 3600 > 1)).sum(1) >= 3
    inverse = _inverse(_normal_matrix(full, weight), enough & np.isfinite(velocity).all(1))
    bend = np.einsum("nij,nj->ni", inverse, _projected(full, weight, residual))[:, 4:]
    turn = _turn(velocity)
    error = np.sqrt(np.einsum("nij,njk,nik->ni", turn, inverse[:, 4:, 4:], turn))
    return np.einsum("nij,nj->ni", turn, bend), error


def _turn(velocity: Array) -> Array:
    """Return the rotations (N, 2, 2) from east and north to along the motion and to the left of it."""
    speed = np.hypot(*velocity.T)
    with np.errstate(divide="ignore", invalid="ignore"):
        along = np.where((speed > 0)[:, None], velocity / speed[:, None], [1.0, 0.0])
    return np.stack([along, along[:, ::-1] * [-1.0, 1.0]], axis=1)
