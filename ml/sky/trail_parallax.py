"""Distance from one curved trail: its shape in a single exposure, and the path of the observer meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.optimize import OptimizeResult, least_squares

from ml.sky.parallax_distance import ParallaxDistance
from ml.sky.tangent_plane import ARCSEC, east_north

Array = NDArray[np.float64]
FEWEST = 5  # points of a trail
OUTLYING = 4.0  # σ
SAMPLES = 65  # of the observer's path
STRAIGHT = "the observer's path is straight here, so every distance fits"
NO_FIT = "no motion and distance fit the shape of the trail"
LARGEST_ERROR = 1e3  # of the parallax, au⁻¹: beyond, the observer moves as straight as the object


@dataclass(frozen=True)
class TrailParallax:
    """The parallax of the object of a trail.

    Attributes
    ----------
    fit
        The better fit of two: an image does not tell at which end the exposure began.
    reversed
        The other.
    begins_at_first
        Whether, in `fit`, the exposure began at the first point.
    dropped
        Inner points that were left out because they are beyond 4σ: a star or a cosmic ray is on the trail.
    """

    fit: ParallaxDistance
    reversed: ParallaxDistance
    begins_at_first: bool
    dropped: int


def fit_trail_parallax(
    directions: Array, rms: Array, mjd: tuple[float, float], places: Callable[[Array], Array]
) -> TrailParallax:
    """Fit place, uniform motion and parallax to the shape of one trail.

    Parameters
    ----------
    directions
        (n, 3) unit vectors of points in order along the trail, n ≥ 5; the first and the last are its ends.
    rms
        (n, 2) errors along and across the trail, arcsec. Only the ends' errors along it count.
    mjd
        Begin and end of the exposure.
    places
        Returns heliocentric places (k, 3), au, of the observer at MJD (k,).

    Raises
    ------
    ValueError
        There are too few points, the observer moves so straight that any distance fits, or no fit converges.

    Notes
    -----
    After Kruk et al. 2022: the orbit of the telescope bends the trail, the more the nearer the object is. On the
    tangent plane the object is at c(t) = c₀ + μ t − π R(t), where R is the observer's place across the line of sight
    and π is one over the distance. When it was at a point between the ends is unknown, so these n − 2 times are fitted
    too (orthogonal distance regression); n − 3 degrees of freedom are left. The distance is taken as constant.
    """
    if len(directions) < FEWEST:
        raise ValueError(f"a distance needs {FEWEST} points of the trail or more")
    middle = directions.mean(0) / np.linalg.norm(directions.mean(0))
    axes = np.stack(east_north(middle))
    plane = directions @ axes.T / (directions @ middle)[:, None] * ARCSEC
    mean, half = (mjd[0] + mjd[1]) / 2, (mjd[1] - mjd[0]) / 2
    phase = np.linspace(-1, 1, SAMPLES)
    seen = places(mean + half * phase)
    path = CubicSpline(phase, -(seen - seen.mean(0)) @ axes.T * ARCSEC)
    kept = _without_outliers(plane, rms, path)
    forward = _fit(plane[kept], rms[kept], path)
    backward = _fit(plane[kept][::-1], rms[kept][::-1], path)
    dropped = len(plane) - len(kept)
    if forward.chi2 <= backward.chi2:
        return TrailParallax(forward, backward, True, dropped)
    return TrailParallax(backward, forward, False, dropped)


def _without_outliers(points: Array, rms: Array, path: CubicSpline) -> NDArray[np.intp]:
    """Return the points left after dropping inner ones beyond 4σ, the worst first, at most a quarter of all."""
    kept = np.arange(len(points))
    for _ in range(len(points) // 4):
        if len(kept) == FEWEST:
            break
        ways = [_Shape(points[rows], rms[rows], path).solved(with_parallax=True) for rows in (kept, kept[::-1])]
        better = min(ways, key=lambda found: float(found.fun @ found.fun))
        off = np.abs(better.fun.reshape(-1, 2)[1:-1, 1])
        if off.max() < OUTLYING:
            break
        worst = 1 + int(off.argmax())
        kept = np.delete(kept, worst if better is ways[0] else len(kept) - 1 - worst)
    return kept


def _fit(points: Array, rms: Array, path: CubicSpline) -> ParallaxDistance:
    shape = _Shape(points, rms, path)
    straight, curved = shape.solved(with_parallax=False), shape.solved(with_parallax=True)
    error = _error(curved.jac, column=4)
    if not error < LARGEST_ERROR:
        raise ValueError(STRAIGHT)
    return ParallaxDistance(float(curved.x[4]), error, 2 * curved.cost, 2 * straight.cost, len(points) - 3)


class _Shape:
    """Residuals of n points along and across a trail; the parameters are c₀, μ (per half exposure), π, inner times."""

    def __init__(self, points: Array, rms: Array, path: CubicSpline) -> None:
        self.points, self.path, self.slope = points, path, path.derivative()
        along = np.gradient(points, axis=0)
        along /= np.maximum(np.linalg.norm(along, axis=1), 1e-12)[:, None]
        across = np.stack([-along[:, 1], along[:, 0]], axis=1)
        sigma = rms.copy()
        sigma[1:-1, 0] = sigma[1:-1, 1]  # the inner times make these residuals vanish, whatever their error
        self.whiten = np.stack([along, across], axis=1) / sigma[:, :, None]

    def solved(self, *, with_parallax: bool) -> OptimizeResult:
        """Return the best fit, whitened."""
        self.columns = 5 if with_parallax else 4
        found = least_squares(self._residuals, self._start(), self._jacobian, method="lm", max_nfev=400)
        if not found.success:
            raise ValueError(NO_FIT)
        return found

    def _start(self) -> Array:
        """Return parameters of a fit with times in proportion to the length along the trail."""
        length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(self.points, axis=0), axis=1))])
        phase = 2 * length / length[-1] - 1
        design = self._design(phase)
        values = np.einsum("nij,nj->ni", self.whiten, self.points).ravel()
        found, *_ = np.linalg.lstsq(self._white(design), values, rcond=None)
        return np.concatenate([found, phase[1:-1]])

    def _design(self, phase: Array) -> Array:
        """Return the derivatives (n, 2, columns) of places by c₀, μ and π."""
        one, none = np.ones_like(phase), np.zeros_like(phase)
        shift = self.path(phase)
        rows = [[one, none, phase, none, shift[:, 0]], [none, one, none, phase, shift[:, 1]]]
        return np.moveaxis(np.array(rows), 2, 0)[:, :, : self.columns]

    def _white(self, design: Array) -> Array:
        return np.einsum("nij,njk->nik", self.whiten, design).reshape(2 * len(design), -1)

    def _phase(self, parameters: Array) -> Array:
        return np.concatenate([[-1.0], parameters[self.columns :], [1.0]])

    def _residuals(self, parameters: Array) -> Array:
        places = self._design(self._phase(parameters)) @ parameters[: self.columns]
        return np.einsum("nij,nj->ni", self.whiten, places - self.points).ravel()

    def _jacobian(self, parameters: Array) -> Array:
        phase = self._phase(parameters)
        speed = np.broadcast_to(parameters[2:4], (len(phase), 2))
        if self.columns == 5:
            speed = speed + parameters[4] * self.slope(phase)
        inner = np.zeros((len(phase), 2, len(phase) - 2))
        inner[np.arange(1, len(phase) - 1), :, np.arange(len(phase) - 2)] = speed[1:-1]
        return self._white(np.concatenate([self._design(phase), inner], axis=2))


def _error(jacobian: Array, column: int) -> float:
    """Return a parameter's formal error, marginalised over all others."""
    rest = np.delete(jacobian, column, axis=1)
    others, *_ = np.linalg.lstsq(rest, jacobian[:, column], rcond=None)
    free = float(np.linalg.norm(jacobian[:, column] - rest @ others))
    return 1 / free if free > 0 else np.inf
