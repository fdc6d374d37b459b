"""Science, template and difference stamps of one place, as a survey's alerts hold them.

The three planes share one sky: static stars and galaxies are in the first two, and leave residuals in the third from
imperfect photometric scale, registration and kernels; what came or went since the template is in one of the first two.
Everything is in units of the noise of the science exposure.
"""

from dataclasses import dataclass

import numpy as np

from ml.simulate.alerts.alert_centres import CENTRES, galaxies
from ml.simulate.alerts.alert_light import Psf, draw_psf
from ml.simulate.alerts.alert_scene import Place, Scene
from ml.simulate.rendering.light import as_cube
from ml.simulate.rendering.log_uniform import log_uniform

SIZE = 72
MOVERS = ("POINT", "TRAIL", "COMET")
SHARES = {
    "POINT": 0.26, "TRAIL": 0.1, "COMET": 0.04, "STAR": 0.12, "TRANSIENT": 0.07, "GALAXY": 0.07, "DIPOLE": 0.1,
    "NEGATIVE": 0.05, "COSMIC_RAY": 0.07, "BLEED": 0.04, "SPIKE": 0.03, "SATELLITE": 0.02, "NOISE": 0.03,
}  # fmt: skip


@dataclass
class Triples:
    """Drawn alerts.

    pixels : (n, 3, size, size) float32: science, template, difference; NaN where masked.
    kind : (n,) str, of `SHARES`.
    length, angle : (n,) of the trail in pixels and radians from +x towards +y; NaN without one.
    x, y : (n,) position of the source in pixels.
    """

    pixels: np.ndarray
    kind: np.ndarray
    length: np.ndarray
    angle: np.ndarray
    x: np.ndarray
    y: np.ndarray


def alert_triples(rng: np.random.Generator, n: int, size: int = SIZE) -> Triples:
    """Draw n alerts.

    Parameters
    ----------
    rng : numpy Generator
    n : int
    size : int
        Side in pixels.
    """
    kind = rng.choice(list(SHARES), n, p=list(SHARES.values()))
    science = draw_psf(rng, n, 1.4, 5.0)
    template = draw_psf(rng, n, 1.3, 3.5)
    x, y = (size - 1) / 2 + rng.normal(0, 0.5, (2, n))
    length, angle = np.full(n, np.nan), np.full(n, np.nan)
    sky = Scene(*(np.zeros((n, size, size), np.float32) for _ in range(5)))
    _add_field(rng, sky, science, template, size)
    for name in SHARES:
        rows = np.flatnonzero(kind == name)
        if len(rows):
            given = Place(x[rows], y[rows], science.take(rows), template.take(rows), size)
            painted = sky.take(rows)
            length[rows], angle[rows] = CENTRES[name](rng, painted, given)
            sky.put(rows, painted)
    return Triples(_exposed(rng, sky), kind, length, angle, x, y)


def _add_field(rng: np.random.Generator, sky: Scene, science: Psf, template: Psf, size: int) -> None:
    """Add stars and galaxies by chance, a tenth of the stars variable."""
    n = len(sky.science)
    rows = np.repeat(np.arange(n), rng.poisson(log_uniform(rng, 0.3, 15, n)))
    x, y = rng.uniform(0, size, (2, len(rows)))
    seen, before = Place(x, y, science.take(rows), template.take(rows), size).stars()
    peak = as_cube(np.minimum(1.5 * rng.random(len(rows)) ** -1.1, 2000))
    brighter = as_cube(np.where(rng.random(len(rows)) < 0.1, rng.uniform(0.6, 1.5, len(rows)), 1))
    _add_static(sky, rows, seen * peak, before * peak, brighter)
    rows = np.repeat(np.arange(n), rng.poisson(0.7, n))
    x, y = rng.uniform(0, size, (2, len(rows)))
    seen, before = galaxies(rng, Place(x, y, science.take(rows), template.take(rows), size))
    _add_static(sky, rows, seen, before, np.ones((len(rows), 1, 1)))


def _add_static(sky: Scene, rows: np.ndarray, seen: np.ndarray, before: np.ndarray, brighter: np.ndarray) -> None:
    np.add.at(sky.science, rows, seen * brighter)
    np.add.at(sky.matched, rows, seen)
    np.add.at(sky.template, rows, before)


def _exposed(rng: np.random.Generator, sky: Scene) -> np.ndarray:
    """Return the three planes (n, 3, size, size) with noise, residuals of the static sky, gradients and masks."""
    n, size = sky.science.shape[:2]
    gain, depth = as_cube(log_uniform(rng, 0.01, 0.3, n)), as_cube(log_uniform(rng, 0.15, 0.9, n))
    ours = _noise(rng, sky.science + sky.change, gain)
    theirs = depth * _noise(rng, sky.template, gain)
    smoothness = np.asarray(rng.uniform(0, 0.35, n))
    difference = sky.science - sky.matched + _imperfect(rng, sky.matched) + ours - _correlated(theirs, smoothness)
    coarse = np.where(rng.random(n) < 0.5, rng.uniform(0, 0.3, n), 0)
    difference = _correlated(difference, coarse) + sky.change + sky.residual
    science = sky.science + sky.change + ours
    pixels = np.stack([science, sky.template + theirs, difference], axis=1)
    slope = rng.normal(0, 0.4, (n, 3, 2, 1, 1)).astype(np.float32)
    ramp = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    pixels += slope[:, :, 0] * ramp + slope[:, :, 1] * ramp[:, None]
    _mask(rng, pixels, sky.science)
    return pixels


def _noise(rng: np.random.Generator, bright: np.ndarray, gain: np.ndarray) -> np.ndarray:
    return rng.standard_normal(bright.shape, dtype=np.float32) * np.sqrt(1 + gain * np.maximum(bright, 0))


def _imperfect(rng: np.random.Generator, static: np.ndarray) -> np.ndarray:
    """Return residuals of the static sky: of scale, of registration (pixels), and of the kernel's width."""
    scale, width, right, down = (as_cube(rng.normal(0, s, len(static))) for s in (0.015, 0.02, 0.04, 0.04))
    by_y, by_x = np.gradient(static, axis=(1, 2))
    return scale * static + right * by_x + down * by_y + width * (np.gradient(by_x, axis=2) + np.gradient(by_y, axis=1))


def _correlated(values: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Mix each pixel with its neighbours, as resampling and kernels do; white noise keeps its variance."""
    mix = as_cube(share)
    for axis in (1, 2):
        values = (values + mix * (np.roll(values, 1, axis) + np.roll(values, -1, axis))) / np.sqrt(1 + 2 * mix**2)
    return values


def _mask(rng: np.random.Generator, pixels: np.ndarray, bright: np.ndarray) -> None:
    """Mask saturated pixels in some stamps, and what lies beyond the edge of the detector in others."""
    n, size = len(pixels), pixels.shape[-1]
    saturates = rng.random(n) < 0.15
    burnt = (bright > 400) & saturates[:, None, None]
    pixels[:, 0][burnt] = np.nan
    pixels[:, 2][burnt] = np.nan
    for row in np.flatnonzero(rng.random(n) < 0.04):
        beyond = int(rng.integers(1, size // 2 - 8))
        for plane in np.rot90(pixels[row], int(rng.integers(4)), axes=(1, 2)):
            plane[:beyond] = np.nan
