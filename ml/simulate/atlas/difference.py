"""ATLAS-like difference stamps: a central source and the sky around it.

Signal-to-noise is that of the matched filter: for a template t, amplitude A and noise of covariance C, ``snr = A
sum(t^2) / sqrt(t' C t)``, summed over the whole stamp for compact classes and over the central window for extended
classes.
"""

from dataclasses import dataclass

import numpy as np

from ml.simulate.atlas import artefacts, movers
from ml.simulate.atlas.movers import Shape
from ml.simulate.rendering.light import as_cube, axes
from ml.simulate.rendering.log_uniform import log_uniform

SIZE = 100
Span = tuple[float, float]
BOGUS = ("BURN", "CR", "NOISE", "SCAR", "SPIKE")
REAL = ("AST", "STREAK", "COMET")
CLASSES = BOGUS + REAL

DRAW = {
    "AST": movers.draw_asteroid,
    "STREAK": movers.draw_streak,
    "COMET": movers.draw_comet,
    "BURN": artefacts.draw_burn,
    "CR": artefacts.draw_cosmic_ray,
    "NOISE": artefacts.draw_noise,
    "SCAR": artefacts.draw_scar,
    "SPIKE": artefacts.draw_spike,
}
PAINT = {
    "AST": movers.paint_asteroid,
    "STREAK": movers.paint_streak,
    "COMET": movers.paint_comet,
    "BURN": artefacts.paint_burn,
    "CR": artefacts.paint_cosmic_ray,
    "NOISE": artefacts.paint_noise,
    "SCAR": artefacts.paint_scar,
    "SPIKE": artefacts.paint_spike,
}
WINDOW = 11
FULL_WELL = 30.0
NEIGHBOUR_CORRELATION = 0.1
NEIGHBOURS = {"SCAR": 0.45, "CR": 0.12, "AST": 0.08, "SPIKE": 0.06, "BURN": 0.05}


@dataclass
class Sources:
    """The central source of each stamp: its class and shape, in the order of the stamps."""

    label: np.ndarray
    shapes: dict[str, Shape]
    snr: np.ndarray

    def rows(self, label: str) -> np.ndarray:
        return np.flatnonzero(self.label == label)

    def repeated(self, times: np.ndarray) -> "Sources":
        """Repeat row i `times[i]` times: the same object seen in several frames."""
        shapes = {
            label: {key: np.repeat(value, times[self.rows(label)], axis=0) for key, value in shape.items()}
            for label, shape in self.shapes.items()
        }
        return Sources(np.repeat(self.label, times), shapes, np.repeat(self.snr, times))


def draw_sources(rng: np.random.Generator, label: np.ndarray, snr: Span | None = None) -> Sources:
    """Draw a shape and an S/N for each row of `label` (n,).

    With `snr` (low, high), the S/N of every class except NOISE is log-uniform between the two.
    """
    shapes, drawn = {}, np.zeros(len(label))
    for name in CLASSES:
        rows = np.flatnonzero(label == name)
        if len(rows):
            shapes[name] = DRAW[name](rng, len(rows))
            if snr is not None and name != "NOISE":
                shapes[name]["snr"] = log_uniform(rng, *snr, len(rows))
            drawn[rows] = shapes[name]["snr"]
    return Sources(np.asarray(label), shapes, drawn)


def difference_stamps(rng: np.random.Generator, sources: Sources, size: int = SIZE) -> np.ndarray:
    """Render the sources on noisy skies.

    Parameters
    ----------
    rng : numpy Generator
    sources : Sources
        n of them.
    size : int
        Side in pixels.

    Returns
    -------
    (n, size, size) float32 array
        Counts; NaN beyond the edge of the detector and in saturated cores.
    """
    n = len(sources.label)
    light = paint_centres(rng, sources, size)
    light += paint_neighbours(rng, n, size)
    sigma = log_uniform(rng, 15, 80, n)
    image = light + noisy_sky(rng, light, size)
    image *= as_cube(sigma)
    mask_saturated(rng, sources, light, image)
    mask_chip_edge(rng, image)
    return image


def paint_centres(rng: np.random.Generator, sources: Sources, size: int) -> np.ndarray:
    """Paint the central sources in units of the sky noise."""
    light = np.zeros((len(sources.label), size, size), np.float32)
    for name, shape in sources.shapes.items():
        rows = sources.rows(name)
        x, y = (size - 1) / 2 + rng.normal(0, 0.4, (2, len(rows)))
        light[rows] = scale_to_snr(PAINT[name](shape, x, y, size), sources.snr[rows])
    return light


def scale_to_snr(template: np.ndarray, snr: np.ndarray) -> np.ndarray:
    """Scale each template to the given matched-filter S/N in the central window."""
    middle, half = template.shape[-1] // 2, WINDOW
    core = template[:, middle - half : middle + half + 1, middle - half : middle + half + 1]
    power = np.sum(core**2, axis=(1, 2))
    spread = np.sqrt(np.sum(correlate(core) ** 2, axis=(1, 2)))
    return template * as_cube(snr * spread / np.maximum(power, 1e-12))


def correlate(noise: np.ndarray) -> np.ndarray:
    """Correlate each pixel with its neighbours, as resampling does, preserving the variance of white noise."""
    fraction, norm = np.float32(NEIGHBOUR_CORRELATION), np.float32(np.sqrt(1 + 2 * NEIGHBOUR_CORRELATION**2))
    for axis in (-1, -2):
        noise = (noise + fraction * (np.roll(noise, 1, axis) + np.roll(noise, -1, axis))) / norm
    return noise


def noisy_sky(rng: np.random.Generator, light: np.ndarray, size: int) -> np.ndarray:
    """Draw noise of unit variance, higher where there is light, and a faint gradient left by the subtraction."""
    white = rng.standard_normal(light.shape, dtype=np.float32)
    white *= np.sqrt(1 + np.float32(0.15) * np.abs(light))
    n = len(light)
    dx, dy = axes(np.full(n, size / 2), np.full(n, size / 2), size)
    slope_x, slope_y, level = rng.normal(0, [[0.3], [0.3], [0.3]], (3, n))
    return correlate(white) + (as_cube(slope_x) * dx + as_cube(slope_y) * dy) / size + as_cube(level)


def paint_neighbours(rng: np.random.Generator, n: int, size: int) -> np.ndarray:
    """Paint chance neighbours that did not cause the detection; some of them blend with it."""
    light = np.zeros((n, size, size), np.float32)
    for name, mean in NEIGHBOURS.items():
        rows = np.repeat(np.arange(n), rng.poisson(mean, n))
        if not len(rows):
            continue
        shape = DRAW[name](rng, len(rows))
        middle = np.full(len(rows), (size - 1) / 2)
        painted = scale_to_snr(PAINT[name](shape, middle, middle, size), shape["snr"])
        for row, image, shift in zip(rows, painted, neighbour_shifts(rng, len(rows), size), strict=True):
            light[row] += shift_pixels(image, *shift)
    return light


def neighbour_shifts(rng: np.random.Generator, n: int, size: int) -> np.ndarray:
    """Draw whole-pixel offsets (n, 2): one in ten is close enough to the centre to blend with the source."""
    close = rng.random(n) < 0.1
    distance = np.where(close, rng.uniform(4, 9, n), rng.uniform(9, size * 0.7, n))
    angle = rng.uniform(0, 2 * np.pi, n)
    return np.rint(distance[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)).astype(int)


def shift_pixels(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """Shift an image by whole pixels, filling the border with 0."""
    size = len(image)
    moved = np.zeros_like(image)
    if abs(down) < size and abs(right) < size:
        to_y, to_x = slice(max(down, 0), size + min(down, 0)), slice(max(right, 0), size + min(right, 0))
        from_y, from_x = slice(max(-down, 0), size - max(down, 0)), slice(max(-right, 0), size - max(right, 0))
        moved[to_y, to_x] = image[from_y, from_x]
    return moved


def mask_saturated(rng: np.random.Generator, sources: Sources, light: np.ndarray, image: np.ndarray) -> None:
    """Blank saturated pixels of stars bright enough for spikes and burns, as half of the nights' masks do."""
    bright = np.isin(sources.label, ("SPIKE", "BURN")) & (rng.random(len(image)) < 0.5)
    image[bright[:, None, None] & (light > FULL_WELL)] = np.nan


def mask_chip_edge(rng: np.random.Generator, image: np.ndarray) -> None:
    """Mask pixels beyond the detector edge in one stamp in twenty-five, never the centre."""
    n, size = len(image), image.shape[-1]
    for row in np.flatnonzero(rng.random(n) < 0.04):
        beyond = int(rng.integers(1, size // 2 - 6))
        side = np.rot90(image[row], int(rng.integers(4)))
        side[:beyond] = np.nan
