"""The central source of an alert, by its kind. Painters add it to the scene and return length and angle of trails."""

from collections.abc import Callable

import numpy as np

from ml.simulate.alerts import alert_light as light
from ml.simulate.alerts.alert_light import Psf
from ml.simulate.alerts.alert_scene import Place, Scene, of_snr
from ml.simulate.rendering.light import as_cube
from ml.simulate.rendering.log_uniform import log_uniform

Trails = tuple[np.ndarray | float, np.ndarray | float]
NO_TRAIL = (np.nan, np.nan)


def point(rng: np.random.Generator, sky: Scene, at: Place) -> Trails:
    """Add a mover that is new in the science exposure, most of them faint."""
    snr = np.where(rng.random(len(at)) < 0.65, rng.uniform(5, 20, len(at)), log_uniform(rng, 20, 300, len(at)))
    sky.change += of_snr(at.stars()[0], snr)
    return NO_TRAIL


def trailed(rng: np.random.Generator, sky: Scene, at: Place) -> Trails:
    """Add a trail from 0.8 seeing widths to 45 pixels."""
    length = log_uniform(rng, 1, 45 / 5, len(at)) * np.maximum(0.8 * at.science.fwhm, 3)
    length, angle = np.minimum(length, 45), rng.uniform(0, np.pi, len(at))
    painted = light.streak(at.x, at.y, length, angle, at.science, at.size)
    sky.change += of_snr(painted, log_uniform(rng, 7, 100, len(at)))
    return length, angle


def comet(rng: np.random.Generator, sky: Scene, at: Place) -> Trails:
    sky.change += of_snr(light.comet(rng, at.x, at.y, at.science, at.size), log_uniform(rng, 8, 150, len(at)))
    return NO_TRAIL


def variable(rng: np.random.Generator, sky: Scene, at: Place) -> Trails:
    """Add a star in both exposures that has become brighter or fainter."""
    change = of_snr(at.stars()[0], log_uniform(rng, 5, 200, len(at)))
    seen, before = at.stars()
    peak = as_cube(log_uniform(rng, 0.4, 20, len(at))) * change.max((1, 2), keepdims=True)
    sign = as_cube(np.where(rng.random(len(at)) < 0.7, 1, -0.9))
    sky.science += peak * seen
    sky.matched += peak * seen
    sky.template += peak * before
    sky.change += np.maximum(sign * change, -peak * seen)
    return NO_TRAIL


def transient(rng: np.random.Generator, sky: Scene, at: Place) -> Trails:
    """Add a new source on a galaxy that is in both exposures."""
    away, turn = rng.exponential(2.0, len(at)), rng.uniform(0, 2 * np.pi, len(at))
    host = Place(at.x + away * np.cos(turn), at.y + away * np.sin(turn), at.science, at.template, at.size)
    galaxy(rng, sky, host)
    sky.change += of_snr(at.stars()[0], log_uniform(rng, 5, 80, len(at)))
    return NO_TRAIL


def galaxies(rng: np.random.Generator, at: Place) -> tuple[np.ndarray, np.ndarray]:
    """Paint galaxies in both exposures, of a peak of 1 to 150 σ."""
    n = len(at)
    shape = {
        "scale": log_uniform(rng, 0.8, 8, n), "ratio": rng.uniform(0.3, 1, n), "angle": rng.uniform(0, np.pi, n),
    }  # fmt: skip
    peak = as_cube(log_uniform(rng, 1, 150, n))
    seen, before = (peak * light.disc(shape, at.x, at.y, psf, at.size) for psf in (at.science, at.template))
    return seen, before


def galaxy(rng: np.random.Generator, sky: Scene, at: Place) -> Trails:
    """Add a galaxy whose subtraction leaves a residual, if only by chance."""
    seen, before = galaxies(rng, at)
    bright = as_cube(rng.uniform(1, 4, len(at)))
    sky.science += bright * seen
    sky.matched += bright * seen
    sky.template += bright * before
    sky.residual += as_cube(rng.normal(0, 0.05, len(at))) * bright * seen
    return NO_TRAIL


def dipole(rng: np.random.Generator, sky: Scene, at: Place) -> Trails:
    """Add a star that the subtraction has left residuals of: a dipole, a ring, or too much of it."""
    seen, before = at.stars()
    n = len(at)
    turn, mix = rng.uniform(0, 2 * np.pi, n), rng.dirichlet([1, 0.7, 0.4], n)
    shifted = at.stars(0.3 * np.cos(turn), 0.3 * np.sin(turn))[0] - seen
    ring = light.star(at.x, at.y, Psf(1.15 * at.science.fwhm, *_rest(at.science)), at.size) / 1.32 - seen
    sign = np.where(rng.random((3, n)) < 0.5, 1, -1)
    parts = (shifted, ring, seen)
    unit = [of_snr(part, np.ones(n)) for part in parts]
    left = sum(as_cube(mix[:, k] * sign[k]) * unit[k] for k in range(3))
    left = of_snr(np.asarray(left), log_uniform(rng, 6, 120, n))
    peak = as_cube(log_uniform(rng, 3, 60, n)) * np.abs(left).max((1, 2), keepdims=True)
    sky.science += peak * seen
    sky.matched += peak * seen
    sky.template += peak * before
    sky.residual += left
    return NO_TRAIL


def _rest(psf: Psf) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return psf.beta, psf.ratio, psf.angle


def negative(rng: np.random.Generator, sky: Scene, at: Place) -> Trails:
    """Add a source that is only in the template."""
    gone = of_snr(at.stars()[0], log_uniform(rng, 5, 150, len(at)))
    sky.template += gone.max((1, 2), keepdims=True) * at.stars()[1]
    sky.matched += gone
    return NO_TRAIL


def cosmic_ray(rng: np.random.Generator, sky: Scene, at: Place) -> Trails:
    sky.change += of_snr(light.hit(rng, at.x, at.y, at.size), log_uniform(rng, 6, 250, len(at)))
    return NO_TRAIL


def bleed(rng: np.random.Generator, sky: Scene, at: Place) -> Trails:
    return _residual_of(sky, rng, light.column(rng, at.x, at.y, at.size), 5, 80)


def spike(rng: np.random.Generator, sky: Scene, at: Place) -> Trails:
    return _residual_of(sky, rng, light.spikes(rng, at.x, at.y, at.size), 5, 80)


def _residual_of(sky: Scene, rng: np.random.Generator, pattern: np.ndarray, low: float, high: float) -> Trails:
    """Add a pattern to both exposures, and a remainder of either sign to the difference."""
    n = len(pattern)
    left = of_snr(pattern, log_uniform(rng, low, high, n))
    sign = as_cube(np.where(rng.random(n) < 0.75, 1, -1))
    whole = left * as_cube(log_uniform(rng, 0.5, 8, n))
    sky.science += whole
    sky.matched += whole
    sky.template += whole * as_cube(rng.uniform(0.5, 1.5, n))
    sky.residual += sign * left
    return NO_TRAIL


def satellite(rng: np.random.Generator, sky: Scene, at: Place) -> Trails:
    """Add a line across the whole stamp."""
    angle = rng.uniform(0, np.pi, len(at))
    painted = light.streak(at.x, at.y, np.full(len(at), 4.0 * at.size), angle, at.science, at.size)
    sky.change += of_snr(painted, log_uniform(rng, 10, 300, len(at)))
    return np.full(len(at), float(at.size)), angle


def noise_peak(rng: np.random.Generator, sky: Scene, at: Place) -> Trails:
    """Add a peak of the noise, which is narrower or wider than a star, or not there at all."""
    wide = Psf(at.science.fwhm * rng.uniform(0.6, 1.6, len(at)), *_rest(at.science))
    snr = np.minimum(rng.choice([0.0, 3.0], len(at), p=[0.3, 0.7]) * rng.uniform(1, 1.7, len(at)), 5)
    sky.change += of_snr(light.star(at.x, at.y, wide, at.size), snr)
    return NO_TRAIL


CENTRES: dict[str, Callable[[np.random.Generator, Scene, Place], Trails]] = {
    "POINT": point, "TRAIL": trailed, "COMET": comet, "STAR": variable, "TRANSIENT": transient, "GALAXY": galaxy,
    "DIPOLE": dipole, "NEGATIVE": negative, "COSMIC_RAY": cosmic_ray, "BLEED": bleed, "SPIKE": spike,
    "SATELLITE": satellite, "NOISE": noise_peak,
}  # fmt: skip
