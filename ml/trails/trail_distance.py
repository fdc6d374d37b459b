"""Distance of the object of one trail: its shape measured in the image, and fitted with the observer's path."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.imaging.polyline import tangents
from ml.imaging.wcs import to_sky
from ml.io.mjd import DAY
from ml.sky.observer_path import Path
from ml.sky.tangent_plane import separation, unit_vectors
from ml.sky.trail_parallax import TrailParallax, fit_trail_parallax
from ml.trails.ridge_points import RidgePoints, ridge_points

EITHER = 9.0  # difference of χ², below which the exposure may have begun at either end
Array = NDArray[Any]


@dataclass(frozen=True)
class Exposure:
    """When and from where an image was taken.

    Attributes
    ----------
    mjd_mid, seconds
        Middle, MJD in UTC, and length.
    cards
        FITS WCS cards.
    path
        The observer's.
    """

    mjd_mid: float
    seconds: float
    cards: Mapping[str, Any]
    path: Path


@dataclass(frozen=True)
class TrailDistance:
    """A trail's points in the image, and the parallax that fits them."""

    points: RidgePoints
    parallax: TrailParallax

    @property
    def chance(self) -> float:
        """Return the probability of a χ² at least as large; below `LEAST_CHANCE` no distance fits the shape."""
        return self.parallax.fit.chance

    @property
    def is_either(self) -> bool:
        """Return whether the other fit, for an exposure that began at the other end, is about as good."""
        return self.parallax.reversed.chi2 - self.parallax.fit.chi2 < EITHER


def trail_distance(noise_units: Array, curve: Array, exposure: Exposure) -> TrailDistance:
    """Measure the distance of the object of a trail.

    Parameters
    ----------
    noise_units
        (H, W) image in units of its noise (`linear_noise`); NaN where nothing was measured.
    curve
        (k, 2) pixels, (0, 0) in the centre of the first, along the trail; see `ridge_points`.

    Raises
    ------
    ValueError
        The trail can't be measured, the image has no celestial WCS, or no distance can be fitted; the message says why.
    """
    points = ridge_points(noise_units, np.asarray(curve, dtype=np.float64))
    directions, scale = _on_sky(points.points, exposure.cards)
    half = exposure.seconds / 2 / DAY
    ends = (exposure.mjd_mid - half, exposure.mjd_mid + half)
    return TrailDistance(points, fit_trail_parallax(directions, points.rms * scale, ends, exposure.path))


def _on_sky(points: Array, cards: Mapping[str, Any]) -> tuple[Array, Array]:
    """Return unit vectors (n, 3) of pixels, and arcsec per pixel (n, 2) along and across the trail."""
    along = tangents(points)
    beside = np.stack([points, points + along, points + np.stack([-along[:, 1], along[:, 0]], axis=1)])
    sky = to_sky(cards, beside[..., 0], beside[..., 1])
    if sky is None:
        raise ValueError("the image has no celestial WCS")
    vectors = unit_vectors(*sky)
    return vectors[0], np.stack([separation(vectors[0], vectors[1]), separation(vectors[0], vectors[2])], axis=1)
