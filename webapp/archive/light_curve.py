"""A subject's light curve: its measurements, where they lie in an SVG drawing, and their table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Frame, Subject
from webapp.core.figure_table import Column, FigureTable, fixed

MAG_PER_SHARE = 2.5 / np.log(10)  # of a relative error of the flux
COLUMNS = (
    Column("mjd", "MJD", fixed(6)),
    Column("band", _("Band")),
    Column("mag", _("Magnitude"), fixed(3)),
    Column("mag_error", "1σ", fixed(3)),
    Column("is_upper_limit", _("Upper limit"), lambda is_limit: str(_("yes")) if is_limit else ""),
)
WIDTH, HEIGHT, MARGIN = 720.0, 200.0, 12.0
BANDS = ("u", "g", "r", "i", "z", "y")


def measurements(subject: Subject, frames: Sequence[Frame]) -> list[list[Any]]:
    """Return rows of (MJD, band, magnitude, error or None): the survey's light curve, or else of the detections.

    The error of a detection without S/N is 0; None marks an upper limit.
    """
    measured: list[list[Any]] = [
        [frame.mjd_mid, frame.band, frame.mag, MAG_PER_SHARE / frame.snr if frame.snr else 0.0]
        for frame in frames
        if frame.mag is not None and frame.mjd_mid is not None and np.isfinite(frame.mag)
    ]
    return subject.light_curve or measured


def table(rows: list[list[Any]]) -> FigureTable:
    """Return the table of measurements; the error is unknown where there is none."""
    return FigureTable(COLUMNS, [(mjd, band, mag, error or None, error is None) for mjd, band, mag, error in rows])


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
    table: FigureTable
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
    return Plot(points, table(rows), first, last, brightest, faintest, list(colours.items()))


def _between(value: float, low: float, high: float, length: float) -> float:
    fraction = (value - low) / (high - low) if high > low else 0.5
    return round(MARGIN + fraction * (length - 2 * MARGIN), 1)
