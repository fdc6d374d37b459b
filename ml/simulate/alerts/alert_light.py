"""Light of alert stamps: Moffat stars, discs, trails, comets and charge, for many stamps at once.

Painters return (n, size, size) float32 arrays; positions are (x, y) in pixels, 0 in the centre of the first pixel.
"""

from dataclasses import dataclass

import numpy as np

from ml.simulate.rendering.light import along_and_across, as_cube, axes, spray, trail


@dataclass(frozen=True)
class Psf:
    """Moffat profiles, one a stamp: FWHM in pixels, β of the wings, axis ratio 0..1 and angle in radians, each (n,)."""

    fwhm: np.ndarray
    beta: np.ndarray
    ratio: np.ndarray
    angle: np.ndarray

    def take(self, rows: np.ndarray) -> "Psf":
        """Return the profiles of some stamps."""
        return Psf(self.fwhm[rows], self.beta[rows], self.ratio[rows], self.angle[rows])


def draw_psf(rng: np.random.Generator, n: int, low: float, high: float) -> Psf:
    """Draw profiles with a log-uniform FWHM between two limits in pixels."""
    fwhm = np.exp(rng.uniform(np.log(low), np.log(high), n))
    return Psf(fwhm, rng.uniform(2.2, 6, n), rng.uniform(0.8, 1, n), rng.uniform(0, np.pi, n))


def star(x: np.ndarray, y: np.ndarray, psf: Psf, size: int) -> np.ndarray:
    """Paint stars of peak 1."""
    along, across = along_and_across(x, y, psf.angle, size)
    width = 4 * (2 ** (1 / psf.beta) - 1) / psf.fwhm**2
    squared = along**2 * as_cube(psf.ratio * width) + across**2 * as_cube(width / psf.ratio)
    return np.exp(-as_cube(psf.beta) * np.log1p(squared))


def disc(shape: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray, psf: Psf, size: int) -> np.ndarray:
    """Paint exponential discs of peak 1 with the seeing's core; `shape` has scale (pixels), ratio and angle."""
    along, across = along_and_across(x, y, shape["angle"], size)
    soft = as_cube(psf.fwhm / 1.5)
    distance = np.sqrt(along**2 + (across / as_cube(shape["ratio"])) ** 2 + soft**2)
    return np.exp((soft - distance) / as_cube(shape["scale"]))


def streak(x: np.ndarray, y: np.ndarray, length: np.ndarray, angle: np.ndarray, psf: Psf, size: int) -> np.ndarray:
    """Paint trails of `length` pixels."""
    return trail(x, y, np.maximum(length, 0.1), angle, psf.fwhm, size)


def comet(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, psf: Psf, size: int) -> np.ndarray:
    """Paint a nucleus in a coma that falls with the distance, some with a fan-shaped tail."""
    n = len(x)
    dx, dy = axes(x, y, size)
    core, reach = as_cube(psf.fwhm / 1.7), as_cube(np.exp(rng.uniform(0.7, 2.7, n)))
    distance = np.sqrt(dx**2 + dy**2 + core**2)
    coma = core / distance * np.exp(-distance / reach)
    direction = as_cube(rng.uniform(-np.pi, np.pi, n))
    turn = np.abs(np.angle(np.exp(1j * (np.arctan2(dy, dx) - direction)))).astype(np.float32)
    tail = as_cube(rng.choice([0.0, 0.3, 0.8], n)) * np.exp(-((turn / as_cube(rng.uniform(0.15, 0.6, n))) ** 2))
    return (
        coma
        + tail * core / distance * np.exp(-distance / (4 * reach))
        + as_cube(rng.uniform(0, 1, n)) * star(x, y, psf, size)
    )


def hit(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Paint charge without a point spread function: hot pixels, and tracks of cosmic rays up to 15 pixels long."""
    n, points = len(x), 32
    length = np.where(rng.random(n) < 0.3, 0.0, np.exp(rng.uniform(0, 2.7, n)))
    angle, curl = rng.uniform(0, 2 * np.pi, n), rng.normal(0, 0.2, n)
    step = np.linspace(-0.5, 0.5, points)
    turn = angle[:, None] + curl[:, None] * step
    along = length[:, None] * step
    charge = rng.gamma(1.5, 1.0, (n, points))
    return spray(x[:, None] + along * np.cos(turn), y[:, None] + along * np.sin(turn), charge, size)


def column(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Paint charge along a column or row, of even width and sharp edges, fading away from the star it bled from."""
    n = len(x)
    dx, dy = axes(x, y, size)
    start, fade = as_cube(rng.uniform(8, 60, n)), as_cube(np.exp(rng.uniform(2.3, 5.3, n)))
    past = dy + start
    light = np.where(past > 0, np.exp(-past / fade), 0) / (1 + (dx / as_cube(rng.uniform(0.6, 3, n))) ** 4)
    turns = rng.integers(0, 4, n)
    return np.stack([np.rot90(image, turn) for image, turn in zip(light, turns, strict=True)])


def spikes(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Paint a diffraction spike through (x, y) of a star outside, with its fellow at a right angle and its halo."""
    n = len(x)
    angle, away = rng.uniform(0, 2 * np.pi, n), np.exp(rng.uniform(2.1, 4.2, n))
    along, across = along_and_across(x - away * np.cos(angle), y - away * np.sin(angle), angle, size)
    width = as_cube(rng.uniform(0.8, 2, n))

    def ray(forth: np.ndarray, aside: np.ndarray) -> np.ndarray:
        wide = width * (1 + np.abs(forth) / 80)
        return np.asarray(np.exp(-0.5 * (aside / wide) ** 2) / (1 + np.abs(forth) / 15) ** 1.5)

    halo = as_cube(np.exp(rng.uniform(-2, 1, n))) / (1 + (np.hypot(along, across) / 5) ** 2) ** 1.5
    return ray(along, across) + as_cube(rng.uniform(0.2, 1, n)) * ray(across, along) + halo
