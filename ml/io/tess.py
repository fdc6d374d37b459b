"""Target pixel files of TESS and Kepler, and full-frame cutouts in the same format: cubes over time.

Their times are barycentric (the time at which the light passes the solar system's barycentre), which does not apply to
a moving object of the solar system: the mission's correction is subtracted again.

Tenenbaum & Jenkins 2018, TESS Science Data Products Description Document, section 5.1.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from ml.io.fits.image import FitsPicture
from ml.io.fits.layout import Unit
from ml.io.fits.scaling import native_order
from ml.io.limits import check_bytes, decoding
from ml.io.message import Message
from ml.io.mjd import DAY, JD_MINUS_MJD
from ml.io.picture import Facts, Selection
from ml.io.records import BadInput
from ml.io.times import to_utc

_TABLES = ("PIXELS", "TARGETTABLES")
_NEEDED = ("TIME", "TIMECORR", "FLUX")


def open_fits(path: Path) -> "FitsPicture | TargetPixels":
    """Open a FITS file: as target pixels if it contains them, else as images."""
    picture = FitsPicture(path)
    table = next((unit for unit in picture.units if unit.name in _TABLES), None)
    if table is None:
        return picture
    try:
        return TargetPixels(picture, table)
    finally:
        picture.close()


class TargetPixels:
    """The calibrated fluxes of a target pixel file, (n, H, W) float32, electrons per second.

    Parameters
    ----------
    picture
        The opened file, with its layout checked against its size.
    table
        The HDU with the pixels.
    """

    colours = False
    kind: str | None = "cube"

    def __init__(self, picture: FitsPicture, table: Unit) -> None:
        check_bytes(table.nbytes, Message("this table of pixels"))
        rows = _rows(picture, table)
        flux = native_order(rows["FLUX"])
        if flux.ndim != 3 or not flux.size:
            raise BadInput("has a FLUX column of shape %(shape)s; (times, height, width) is needed.", shape=flux.shape)
        self.flux = flux
        self.shape, self.nbytes = flux.shape, flux.nbytes
        self.days = native_order(rows["TIME"]) - native_order(rows["TIMECORR"])
        self.zero = _number(table, "BJDREFI") + _number(table, "BJDREFF") - JD_MINUS_MJD
        self.exptime = _number(table, "TIMEDEL") * (_number(table, "DEADC") or 1.0) * DAY or None
        self.wcs = picture.facts(0).wcs

    def take(self, selection: Selection) -> np.ndarray:
        return self.flux if selection is None else self.flux[selection]

    def facts(self, plane: int) -> Facts:
        """Return the time of one cadence: its middle at the spacecraft, in UTC; none if the mission gives none."""
        days = float(self.days[plane])
        mjd, keyword = to_utc(days + self.zero, "TIME - TIMECORR", "TDB") if math.isfinite(days) else (None, "")
        return Facts(mjd, keyword, self.exptime, "", self.wcs)

    def close(self) -> None:
        """Do nothing; no file is open."""


def _rows(picture: FitsPicture, table: Unit) -> Any:
    picture.file.seek(0)
    with (
        decoding(Message("holds a table of pixels that cannot be read")),
        fits.open(picture.file, memmap=False) as units,
    ):
        rows = units[table.number].data
        missing = [name for name in _NEEDED if name not in rows.names]
    if missing:
        raise BadInput("looks like a target pixel file, but has no column %(columns)s.", columns=", ".join(missing))
    return rows


def _number(table: Unit, keyword: str) -> float:
    value = table.card(keyword)
    return float(value) if isinstance(value, int | float) else 0.0
