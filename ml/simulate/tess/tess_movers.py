"""Asteroids in a TESS cube: their motion, their light, and their masks."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ml.simulate.rendering.log_uniform import log_uniform
from ml.simulate.rendering.psf_table import paint_points
from ml.simulate.tess.camera import DUTY, PIXEL_SCALE, V_MINUS_T, flux

BRIGHTEST, FAINTEST = 14.0, 21.0
UNUSUAL = 0.1
SLOPE = 0.25
MASK_RADIUS = 1.7
MASK_POWER = 0.12
SMALLEST_MASK, LARGEST_MASK = 1.5, 4.0
MOST_PLACES = 3000  # places of all objects of a cube: as many as a cell of a manifest holds


@dataclass
class Movers:
    """n objects over T frames.

    v_mag : (n,) V magnitude, the mean over the light curve.
    rate : (n,) arcsec per hour at mid-cube.
    angle : (n,) direction of motion, radians from +x towards +y.
    x, y : (n, T) position at mid-exposure, in pixels, 0 in the centre of the first.
    step_x, step_y : (n, T) path during one exposure, in pixels.
    light : (n, T) electrons per second.
    roll : direction of ecliptic east, radians from +x towards +y; the same for all.
    """

    v_mag: np.ndarray
    rate: np.ndarray
    angle: np.ndarray
    x: np.ndarray
    y: np.ndarray
    step_x: np.ndarray
    step_y: np.ndarray
    light: np.ndarray
    roll: float = 0.0

    def __len__(self) -> int:
        return len(self.v_mag)

    def between(self, frames: slice) -> "Movers":
        """Return the same objects over some of the frames."""
        parts = {name: getattr(self, name)[:, frames] for name in ("x", "y", "step_x", "step_y", "light")}
        return replace(self, **parts)

    def as_json(self, snr: np.ndarray) -> list[dict[str, Any]]:
        """Return the objects as JSON-compatible values, numbered as in the mask; see docs/simulations.md.

        Where all of them have more than `MOST_PLACES` places, some frames are told, evenly and with the first and the
        last, and "frame" says which.
        """
        at = sampled_frames(*self.x.shape)
        frames = {} if len(at) == self.x.shape[1] else {"frame": at.tolist()}
        return [
            {
                "id": row + 1,
                "mag": round(float(self.v_mag[row]), 2),
                "t_mag": round(float(self.v_mag[row] - V_MINUS_T), 2),
                "rate": round(float(self.rate[row]), 2),
                "angle": round(float(np.degrees(self.angle[row])) % 360, 1),
                "snr": round(float(snr[row]), 2),
                "x": [round(float(value), 2) for value in self.x[row, at]],
                "y": [round(float(value), 2) for value in self.y[row, at]],
                **frames,
            }
            for row in range(len(self))
        ]


def sampled_frames(objects: int, frames: int) -> np.ndarray:
    """Choose the frames in which objects' positions are listed: (k,) int, ascending."""
    as_json = min(frames, max(2, MOST_PLACES // max(objects, 1)))
    return np.linspace(0, frames - 1, as_json).round().astype(int)


def draw_movers(
    rng: np.random.Generator,
    n: int,
    shape: tuple[int, int, int],
    cadence: float,
    faintest: float = FAINTEST,
    unusual: float = UNUSUAL,
) -> Movers:
    """Draw n objects that cross the cube at some time.

    Parameters
    ----------
    rng : numpy Generator
    n : int
    shape : (frames, height, width)
    cadence : float
        Seconds between frames; TESS exposes for 79 % of it.
    faintest : float
        V magnitude; each magnitude from `BRIGHTEST` has 1.8 times as many as the one before.
    unusual : float in 0..1
        Fraction of the objects that are neither main-belt nor Trojans; see `draw_motion`.

    Returns
    -------
    Movers
        Most of the motion is retrograde along the ecliptic, which in the camera next to it runs along the rows.
    """
    frames, height, width = shape
    along, across = draw_motion(rng, n, unusual)
    roll = rng.normal(0, np.radians(8)) + rng.choice([0, np.pi])
    speed = np.hypot(along, across)
    angle = np.arctan2(across, along) + roll
    hours = (np.arange(frames) - rng.uniform(0, frames, (n, 1))) * cadence / 3600
    # The Earth overtakes the object, so that its motion changes over a day.
    pull, turn = rng.normal(0, 0.03, (n, 1)), rng.uniform(0, 2 * np.pi, (n, 1))
    velocity_x = (speed * np.cos(angle))[:, None] + pull * np.cos(turn) * hours
    velocity_y = (speed * np.sin(angle))[:, None] + pull * np.sin(turn) * hours
    x = rng.uniform(0, width, (n, 1)) + (velocity_x - pull * np.cos(turn) * hours / 2) * hours / PIXEL_SCALE
    y = rng.uniform(0, height, (n, 1)) + (velocity_y - pull * np.sin(turn) * hours / 2) * hours / PIXEL_SCALE
    exposed = DUTY * cadence / 3600 / PIXEL_SCALE
    mag = draw_magnitudes(rng, n, faintest)
    light = flux(mag[:, None] - V_MINUS_T + light_curves(rng, hours))
    return Movers(mag, speed, angle, x, y, velocity_x * exposed, velocity_y * exposed, light, float(roll))


def draw_motion(rng: np.random.Generator, n: int, unusual: float = UNUSUAL) -> tuple[np.ndarray, np.ndarray]:
    """Draw rates along and across the ecliptic in arcsec per hour, (n,) each, looking away from the Sun.

    84 % main belt (33 ± 7 retrograde), 6 % Trojans and Hildas (20 ± 4), 7 % near-Earth (40 to 300, any direction), 3 %
    Centaurs and beyond (1.5 to 8); the last two are the unusual ones, always in the ratio 7 to 3.
    """
    usual = 1 - unusual
    population = rng.choice(4, n, p=[usual * 14 / 15, usual / 15, unusual * 0.7, unusual * 0.3])
    any_way = rng.uniform(0, 2 * np.pi, n)
    fast, slow = log_uniform(rng, 40, 300, n), log_uniform(rng, 1.5, 8, n)
    along = np.choose(population, [rng.normal(-33, 7, n), rng.normal(-20, 4, n), fast * np.cos(any_way), -slow])
    tilt = np.choose(population, [rng.normal(0, 8, n), rng.normal(0, 4, n), fast * np.sin(any_way), 0.1 * slow])
    return along, tilt


def draw_magnitudes(rng: np.random.Generator, n: int, faintest: float) -> np.ndarray:
    """Draw V from `BRIGHTEST` to `faintest`, with dN/dV proportional to 10^(SLOPE V)."""
    low, high = 10 ** (SLOPE * BRIGHTEST), 10 ** (SLOPE * faintest)
    return np.log10(rng.uniform(low, high, n)) / SLOPE


def light_curves(rng: np.random.Generator, hours: np.ndarray) -> np.ndarray:
    """Return magnitudes about the mean, (n, T): two maxima per rotation of 3 to 15 hours, up to 0.5 mag in range."""
    n = len(hours)
    period, phase = rng.uniform(3, 15, (n, 1)), rng.uniform(0, 2 * np.pi, (n, 1))
    return rng.uniform(0, 0.25, (n, 1)) * np.sin(4 * np.pi * hours / period + phase)


def paint_mover(table: np.ndarray, movers: Movers, row: int, shape: tuple[int, int, int]) -> np.ndarray:
    """Paint one object, trailed over each exposure: (frames, height, width) electrons per second."""
    step_x, step_y = movers.step_x[row], movers.step_y[row]
    parts = int(np.clip(np.ceil(3 * np.hypot(step_x, step_y).max()), 3, 200))
    moment = (np.arange(parts) + 0.5) / parts - 0.5
    x = movers.x[row][:, None] + step_x[:, None] * moment
    y = movers.y[row][:, None] + step_y[:, None] * moment
    frame = np.repeat(np.arange(shape[0]), parts)
    return paint_points(table, frame, x.ravel(), y.ravel(), np.repeat(movers.light[row] / parts, parts), shape)


def mask_of(movers: Movers, row: int, shape: tuple[int, int, int]) -> np.ndarray:
    """Return the mask of an object: in each frame an ellipse along its motion, (frames, height, width) bool.

    The ellipse is longer than wide by half the exposure's path, and its half width grows as light^0.12, from 1.5 to 4
    pixels (1.7 at V = 20).
    """
    brightness = 10 ** (-0.4 * (movers.v_mag[row] - 20))
    half = np.clip(MASK_RADIUS * brightness**MASK_POWER, SMALLEST_MASK, LARGEST_MASK)
    step = np.hypot(movers.step_x[row], movers.step_y[row])
    angle = np.arctan2(movers.step_y[row], movers.step_x[row])
    cos, sin = (turn(angle)[:, None, None].astype(np.float32) for turn in (np.cos, np.sin))
    dx = (np.arange(shape[2]) - movers.x[row][:, None]).astype(np.float32)[:, None, :]
    dy = (np.arange(shape[1]) - movers.y[row][:, None]).astype(np.float32)[:, :, None]
    along = (dx * cos + dy * sin) / (half + step / 2)[:, None, None].astype(np.float32)
    across = (dy * cos - dx * sin) / np.float32(half)
    inside: np.ndarray = along**2 + across**2 <= 1
    return inside


def numbered_mask(movers: Movers, shape: tuple[int, int, int]) -> np.ndarray:
    """Return the mask (frames, H, W): 0 for nothing, else 1 + the row of the brightest object there; uint8.

    Raises ValueError for more than 255 objects.
    """
    if len(movers) > 255:
        raise ValueError(f"a mask can number 255 objects, not {len(movers)}")
    mask = np.zeros(shape, np.uint8)
    for row in np.argsort(-movers.v_mag):
        mask[mask_of(movers, row, shape)] = row + 1
    return mask
