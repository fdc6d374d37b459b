"""Draw a subject's light curve as SVG: where its points lie in the drawing."""

from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT, MARGIN = 720.0, 200.0, 12.0
BANDS = ("u", "g", "r", "i", "z", "y")


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the drawing; a limit has no error."""

    x: float
    y: float
    top: float
    bottom: float
    band: str
    colour: int
    mjd: float
    mag: float
    is_limit: bool


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing of `WIDTH` by `HEIGHT`, time to the right and brightness upwards."""

    points: list[Point]
    first: float
    last: float
    brightest: float
    faintest: float
    bands: list[tuple[str, int]]
    width: float = WIDTH
    height: float = HEIGHT


def plot(rows: list[list[Any]]) -> Plot:
    """Return the drawing of rows of (MJD, band, magnitude, error or None), at least one."""
    times, mags = [row[0] for row in rows], [row[2] for row in rows]
    first, last, brightest, faintest = min(times), max(times), min(mags), max(mags)

    def x(mjd: float) -> float:
        return _between(mjd, first, last, WIDTH)

    def y(mag: float) -> float:
        return min(max(_between(mag, brightest, faintest, HEIGHT), 0.0), HEIGHT)

    names = sorted({row[1] for row in rows}, key=lambda name: (BANDS.index(name) if name in BANDS else 9, name))
    colours = {name: number % len(BANDS) for number, name in enumerate(names)}
    points = [
        Point(
            x(mjd), y(mag), y(mag - (error or 0)), y(mag + (error or 0)), band, colours[band], mjd, mag, error is None
        )
        for mjd, band, mag, error in rows
    ]
    return Plot(points, first, last, brightest, faintest, list(colours.items()))


def _between(value: float, low: float, high: float, length: float) -> float:
    fraction = (value - low) / (high - low) if high > low else 0.5
    return round(MARGIN + fraction * (length - 2 * MARGIN), 1)
