"""Real sources of an ATLAS-like difference image: AST, STREAK and COMET.

Each class is a pair: `draw_*` draws the shape of one object per row, `paint_*` renders it at a position, since a
tracklet paints one object several times. Painters return (n, size, size) arrays of any scale.
"""

import numpy as np

from ml.simulate.rendering.light import along_and_across, as_cube, axes, point_source, trail
from ml.simulate.rendering.log_uniform import log_uniform

Shape = dict[str, np.ndarray]


def draw_asteroid(rng: np.random.Generator, n: int) -> Shape:
    """Draw point sources, which differ only in brightness. Three in five are fainter than S/N 20."""
    faint = rng.random(n) < 0.6
    return {"snr": np.where(faint, rng.uniform(5, 20, n), log_uniform(rng, 20, 150, n)), "fwhm": draw_fwhm(rng, n)}


def paint_asteroid(shape: Shape, x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Paint point sources at (x, y) pixels (n,); (n, size, size)."""
    return point_source(x, y, shape["fwhm"], size)


def draw_streak(rng: np.random.Generator, n: int) -> Shape:
    """Draw trails from barely longer than the seeing to a third of the stamp."""
    return {
        "snr": log_uniform(rng, 8, 80, n),
        "fwhm": draw_fwhm(rng, n),
        "length": log_uniform(rng, 4.0, 34, n),
        "angle": rng.uniform(0, 2 * np.pi, n),
    }


def paint_streak(shape: Shape, x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Paint trails with their middle at (x, y) pixels (n,); (n, size, size)."""
    return trail(x, y, shape["length"], shape["angle"], shape["fwhm"], size)


def draw_comet(rng: np.random.Generator, n: int) -> Shape:
    """Draw comae of 2.5 to 16 pixels, and tails of 6 to 40 pixels in random directions (radians)."""
    return {
        "snr": log_uniform(rng, 10, 150, n),
        "fwhm": draw_fwhm(rng, n),
        "coma": log_uniform(rng, 2.5, 16, n),
        "tail": rng.uniform(0.05, 0.8, n),
        "tail_length": log_uniform(rng, 6, 40, n),
        "tail_opening": rng.uniform(0.08, 0.4, n),
        "angle": rng.uniform(0, 2 * np.pi, n),
    }


def paint_comet(shape: Shape, x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Paint a coma of brightness 1/distance with a soft edge, and a tail that widens and fades away from the head."""
    dx, dy = axes(x, y, size)
    core = as_cube(shape["fwhm"]) / 2
    distance = np.hypot(np.hypot(dx, dy), core)
    light = core / distance * np.exp(-distance / as_cube(shape["coma"]))
    along, across = along_and_across(x, y, shape["angle"], size)
    behind = np.maximum(along, 0)
    width = core + as_cube(shape["tail_opening"]) * behind
    fade = np.exp(-behind / as_cube(shape["tail_length"])) * core / width * (along > 0)
    return light + as_cube(shape["tail"]) * fade * np.exp(-0.5 * (across / width) ** 2)


def draw_fwhm(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw FWHM in pixels: ATLAS slightly undersamples its seeing (1.86 arcsec per pixel)."""
    return rng.uniform(1.9, 2.9, n)
