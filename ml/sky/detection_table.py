"""Read the tables of detections that the sky commands take: one row a detection."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.io.utf8_text import not_utf8
from ml.sky.detections import Detections
from ml.sky.observer_velocity import velocities_of

Array = NDArray[np.float64]
NEEDED = ("mjd", "ra", "dec")
OPTIONAL = ("rms_ra", "rms_dec", "rms_corr", "mag", "snr")
OBSERVER = ("obs_x", "obs_y", "obs_z")
OBSERVER_VELOCITY = ("obs_vx", "obs_vy", "obs_vz")
_LARGEST_ERROR = 1_296_000.0  # arcsec: the whole sky
_FIRST_MJD, _LAST_MJD = -100_000.0, 200_000.0
LACKING = (
    "lack a time or a position, or have an impossible one"
    f" (possible are MJD {_FIRST_MJD:.0f} to {_LAST_MJD:.0f}, RA -360 to 360°, Dec -90 to 90°)"
)
"""What is wrong with rows or detections that are not usable."""


def read_detections(path: Path, name: str = "tracklet", *, need_name: bool = True) -> Detections:
    """Read a CSV of mjd, ra, dec and any of rms_ra, rms_dec, rms_corr, mag, snr, band, observatory, obs_x … obs_vz.

    Numbers that cannot be read count as unknown, and so do impossible times, right ascensions beyond ±360°,
    declinations beyond ±90° and errors that are not positive, or wider than the sky: the row stays, and the command
    says that it lacks a time or a position, or has an impossible one.

    Parameters
    ----------
    name
        The column that names a row; rows are numbered from 1 if it is missing and not needed.

    Raises
    ------
    ValueError
        The file is no table, is empty, or lacks a column.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # of rows longer than the header
            table = pd.read_csv(path, dtype=object, keep_default_na=False, encoding="utf-8", index_col=False)
    except pd.errors.ParserWarning as error:
        raise ValueError(f"{path.name} has rows with more values than its header has columns") from error
    except UnicodeDecodeError as error:
        raise ValueError(not_utf8(path)) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"{path.name} is not a CSV table: {error}") from error
    table.columns = table.columns.str.strip()
    wanted = (*NEEDED, name) if need_name else NEEDED
    if lacking := [column for column in wanted if column not in table]:
        raise ValueError(f"{path.name} lacks the column{'s' * (len(lacking) > 1)} {', '.join(lacking)}")
    if table.empty:
        raise ValueError(f"{path.name} holds no detections")
    return from_table(table, name)


def from_table(table: pd.DataFrame, name: str = "tracklet") -> Detections:
    """Return the detections of a table of text or numbers; see `read_detections`."""
    number = {column: _numbers(table, column) for column in (*NEEDED, *OPTIONAL, *OBSERVER, *OBSERVER_VELOCITY)}
    ra, dec, mjd = number["ra"], number["dec"], number["mjd"]
    error = {
        column: np.where((number[column] > 0) & (number[column] < _LARGEST_ERROR), number[column], np.nan)
        for column in ("rms_ra", "rms_dec")
    }
    corr = number["rms_corr"]
    rows = np.arange(1, len(table) + 1).astype(str)
    mjd = np.where((mjd > _FIRST_MJD) & (mjd < _LAST_MJD), mjd, np.nan)
    band, observatory = (
        _texts(table, column) if column in table else np.full(len(table), "") for column in ("band", "observatory")
    )
    place, moving = (np.stack([number[axis] for axis in each], axis=1) for each in (OBSERVER, OBSERVER_VELOCITY))
    return Detections(
        name=_texts(table, name) if name in table else rows,
        mjd=mjd,
        ra=np.where(np.abs(ra) <= 360, ra % 360, np.nan),
        dec=np.where(np.abs(dec) <= 90, dec, np.nan),
        rms_ra=error["rms_ra"],
        rms_dec=error["rms_dec"],
        rms_corr=np.where(np.abs(corr) < 1, corr, 0.0),
        mag=number["mag"],
        snr=number["snr"],
        band=band,
        observatory=observatory,
        observer=place,
        observer_velocity=velocities_of(mjd, observatory, place, moving),
    )


def _texts(table: pd.DataFrame, column: str) -> NDArray[np.str_]:
    return np.char.strip(table[column].to_numpy(dtype=str))


def _numbers(table: pd.DataFrame, column: str) -> Array:
    if column not in table:
        return np.full(len(table), np.nan)
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)
