"""Rendering of ground-based images: point sources blurred by seeing, and trails as sums of them."""

from dataclasses import dataclass

import numpy as np

FAINT = 0.05  # cutoff of a profile, in units of the noise
FURTHEST = 20  # maximum radius of a profile in widths
STEP = 0.5  # pixels between the points of a line


@dataclass(frozen=True)
class Seeing:
    """The point spread function: a Moffat (1969) profile of height 1.

    fwhm : full width at half maximum, in pixels.
    beta : of the wings; 3 and more, larger is closer to a Gaussian.
    ratio, angle : axis ratio and direction of the long axis in radians.
    coma : how far, in widths, light in a poor corner of the field spreads to one side in two lobes; 0 for none.
    """

    fwhm: float
    beta: float = 3.5
    ratio: float = 1.0
    angle: float = 0.0
    coma: float = 0.0

    def spot(self, dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
        """Return the profile at offsets in pixels."""
        along, aside = np.cos(self.angle), np.sin(self.angle)
        u, v = along * dx + aside * dy, along * dy - aside * dx
        squared = (u * u * self.ratio + v * v / self.ratio) * self._inner()
        return np.asarray((1 + squared) ** -self.beta)

    def reach(self, height: float) -> int:
        """Return the radius in pixels to which a point of this height is drawn."""
        away = np.sqrt(max((abs(height) / FAINT) ** (1 / self.beta) - 1, 0.0) / (self._inner() * self.ratio))
        return int(np.clip(np.ceil(away + 1 + 2 * self.coma * self.fwhm), 2, FURTHEST * self.fwhm))

    def _inner(self) -> float:
        return float(4 * (2 ** (1 / self.beta) - 1) / self.fwhm**2)


def add_point(image: np.ndarray, seeing: Seeing, place: np.ndarray, height: float) -> None:
    """Add a star at (x, y) with a given peak."""
    add_path(image, seeing, place[None], height)
    if seeing.coma:
        for lobe in (-0.35, 0.35):
            way = np.array([np.cos(seeing.angle + lobe), np.sin(seeing.angle + lobe)]) * seeing.coma * seeing.fwhm
            add_path(image, seeing, place + way * np.array([[0.3], [1.0]]), 0.5 * height)


def add_path(image: np.ndarray, seeing: Seeing, path: np.ndarray, height: float) -> None:
    """Add light that moved evenly along a polyline (k, 2), with a given ridge height, in place; one point is a star."""
    points = spaced(path)
    reach = seeing.reach(height)
    low = np.maximum(np.floor(points.min(0)).astype(int) - reach, 0)
    high = np.minimum(np.ceil(points.max(0)).astype(int) + reach + 1, image.shape[::-1])
    if (high <= low).any():
        return
    x, y = np.arange(low[0], high[0]), np.arange(low[1], high[1])
    light = np.zeros((len(y), len(x)))
    weights = np.ones(len(points))
    weights[[0, -1]] = 1.0 if len(points) == 1 else 0.5  # the trapezoidal rule
    for point, weight in zip(points, weights, strict=True):
        light += weight * seeing.spot((x - point[0])[None], (y - point[1])[:, None])
    ridge = float(weights @ seeing.spot(*(points[len(points) // 2] - points).T))
    image[low[1] : high[1], low[0] : high[0]] += (height / ridge * light).astype(np.float32)


def spaced(path: np.ndarray, step: float = STEP) -> np.ndarray:
    """Return points (n, 2) evenly spaced along a polyline, about `step` pixels apart; a single point unchanged."""
    if len(path) < 2:
        return path
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    at = np.linspace(0, length[-1], max(int(length[-1] / step), 1) + 1)
    return np.stack([np.interp(at, length, path[:, k]) for k in (0, 1)], axis=1)


def straight(middle: np.ndarray, length: float, angle: float, bend: float = 0.0) -> np.ndarray:
    """Return a polyline (17, 2) around a centre, with a length in pixels; `bend` is the sagitta over the length."""
    at = np.linspace(-0.5, 0.5, 17)
    along, left = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    return np.asarray(middle + length * (at[:, None] * along + bend * (1 - 4 * at[:, None] ** 2) * left))
