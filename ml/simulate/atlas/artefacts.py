"""Artefacts of an ATLAS-like difference image: BURN, CR, NOISE, SCAR and SPIKE.

As in `movers`, each class draws shapes and paints them. Table 2 of Rabeendran & Denneau describes them.
"""

import numpy as np

from ml.simulate.atlas.movers import Shape, draw_fwhm
from ml.simulate.rendering.light import along_and_across, as_cube, axes, gaussian, point_source, spray
from ml.simulate.rendering.log_uniform import log_uniform

TRACK_POINTS = 24
SPOTS = 4


def draw_burn(rng: np.random.Generator, n: int) -> Shape:
    """Draw columns 0.5 to 3 pixels wide (sigma), from a source 13 to 70 pixels away; one in five is negative."""
    return {
        "snr": log_uniform(rng, 5, 60, n),
        "width": log_uniform(rng, 0.5, 3.0, n),
        "sign": np.where(rng.random(n) < 0.8, 1.0, -1.0),
        "start": rng.uniform(-70, -13, n) * np.where(rng.random(n) < 0.5, 1, -1),
        "decay": log_uniform(rng, 15, 200, n),
        "fwhm": draw_fwhm(rng, n),
    }


def paint_burn(shape: Shape, x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Charge smeared along a column by the readout, away from the bright source that caused it."""
    dx, dy = axes(x, y, size)
    start = as_cube(shape["start"])
    past = (dy - start) * -np.sign(start)
    fade = np.where(past > 0, np.exp(-past / as_cube(shape["decay"])), np.exp(-((past / 2) ** 2)))
    column = np.exp(-0.5 * (dx / as_cube(shape["width"])) ** 2)
    source = point_source(x, y + shape["start"], 2 * shape["fwhm"], size)
    return as_cube(shape["sign"]) * column * fade + 100 * source


def draw_cosmic_ray(rng: np.random.Generator, n: int) -> Shape:
    """Draw tracks of charge: most are one to three pixels, a few cross the silicon at grazing angles over a dozen."""
    length = np.where(rng.random(n) < 0.75, rng.uniform(0, 3, n), log_uniform(rng, 3, 14, n))
    angle, bend = rng.uniform(0, 2 * np.pi, n), rng.normal(0, 0.15, n)
    step = np.linspace(-0.5, 0.5, TRACK_POINTS)
    turn = angle[:, None] + bend[:, None] * step
    charge = rng.gamma(2.0, 1.0, (n, TRACK_POINTS))
    return {
        "snr": log_uniform(rng, 12, 250, n),
        "track_x": length[:, None] * step * np.cos(turn),
        "track_y": length[:, None] * step * np.sin(turn),
        "charge": charge,
        "fwhm": draw_fwhm(rng, n),
    }


def paint_cosmic_ray(shape: Shape, x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Paint charge without PSF: sharper than any star, with a little crosstalk to the neighbours."""
    sharp = spray(shape["track_x"] + x[:, None], shape["track_y"] + y[:, None], shape["charge"], size)
    spilt = sharp * np.float32(0.92)
    for axis in (1, 2):
        spilt += np.float32(0.02) * (np.roll(sharp, 1, axis) + np.roll(sharp, -1, axis))
    return spilt


def draw_noise(rng: np.random.Generator, n: int) -> Shape:
    """Draw chance peaks. Peaks of smoothed white noise have the shape of a point source, so only S/N differs."""
    threshold = 3.0 + rng.exponential(0.6, n)
    return {"snr": np.minimum(threshold, 5.6), "fwhm": draw_fwhm(rng, n) * rng.uniform(0.7, 1.5, n)}


def paint_noise(shape: Shape, x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Paint peaks like point sources at (x, y) pixels (n,); (n, size, size)."""
    return point_source(x, y, shape["fwhm"], size)


def draw_scar(rng: np.random.Generator, n: int) -> Shape:
    """Draw residuals of an imperfect subtraction: a dipole or a ring, or a few spots of either sign."""
    spots = rng.integers(2, SPOTS + 1, n)
    used = np.arange(SPOTS) < spots[:, None]
    sign = np.where(np.arange(SPOTS) % 2 == 0, 1.0, -1.0) * np.where(rng.random(n) < 0.6, 1, -1)[:, None]
    spread = log_uniform(rng, 0.8, 3.0, n)[:, None]
    return {
        "snr": log_uniform(rng, 10, 200, n),
        "fwhm": draw_fwhm(rng, n),
        "spot_x": rng.normal(0, 1, (n, SPOTS)) * spread,
        "spot_y": rng.normal(0, 1, (n, SPOTS)) * spread,
        "spot_flux": used * sign * rng.uniform(0.5, 1.5, (n, SPOTS)),
        "spot_width": rng.uniform(0.6, 1.6, (n, SPOTS)),
    }


def paint_scar(shape: Shape, x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Paint the spots of either sign around (x, y) pixels (n,); (n, size, size) float32."""
    light = np.zeros((len(x), size, size), np.float32)
    for spot in range(SPOTS):
        place = x + shape["spot_x"][:, spot], y + shape["spot_y"][:, spot]
        light += as_cube(shape["spot_flux"][:, spot]) * gaussian(*place, shape["spot_width"][:, spot], size)
    return light


def draw_spike(rng: np.random.Generator, n: int) -> Shape:
    """Draw lines at 45 degrees to the detector, from stars that may lie outside the stamp."""
    return {
        "snr": log_uniform(rng, 6, 60, n),
        "fwhm": draw_fwhm(rng, n),
        "distance": log_uniform(rng, 9, 75, n),
        "angle": np.pi / 4 + np.pi / 2 * rng.integers(0, 4, n) + rng.normal(0, 0.03, n),
        "opening": rng.uniform(0.01, 0.06, n),
        "width": rng.uniform(0.8, 1.8, n),
        "cross": rng.uniform(0.2, 1.0, n),
        "halo": log_uniform(rng, 0.05, 1.0, n),
    }


def paint_spike(shape: Shape, x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Paint two crossing lines that widen and fade away from the star, and the residual of the star itself."""
    star_x = x - shape["distance"] * np.cos(shape["angle"])
    star_y = y - shape["distance"] * np.sin(shape["angle"])
    along, across = along_and_across(star_x, star_y, shape["angle"], size)
    light = spike_line(along, across, shape) + as_cube(shape["cross"]) * spike_line(across, along, shape)
    distance = np.hypot(along, across)
    return light + as_cube(shape["halo"]) * 3 / (1 + (distance / as_cube(2 * shape["fwhm"])) ** 2) ** 1.5


def spike_line(along: np.ndarray, across: np.ndarray, shape: Shape) -> np.ndarray:
    """Paint one line, peak 1 at the star, over pixels (n, size, size) along and across it."""
    reach = np.abs(along)
    width = as_cube(shape["width"]) + as_cube(shape["opening"]) * reach
    return np.exp(-0.5 * (across / width) ** 2) / (1 + reach / 12) ** 1.5
