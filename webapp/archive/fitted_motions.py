"""Motions of subjects, fitted to their frames: of stored ones, and rates of those about to be stored."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.io.records import SubjectRecord
from ml.sky.motion import position_errors
from ml.sky.weighted_motion import WeightedMotion, fit_weighted_motion
from webapp.archive.models import Frame
from webapp.core.sql import copy_out

Array = NDArray[np.float64]
MOST_FRAMES = 64
"""Detections of one subject that its motion is fitted to."""

# A detection without time and position is left out; NaN is unknown.
FRAMES = f"""
    SELECT subject_id, position, mjd_mid, ra, dec, coalesce(rms_ra, 'NaN'), coalesce(rms_dec, 'NaN'),
        coalesce(rms_corr, 'NaN'), coalesce(snr, 'NaN')
    FROM {Frame._meta.db_table}
    WHERE subject_id = ANY(%(keys)s) AND position < {MOST_FRAMES}
        AND mjd_mid IS NOT NULL AND ra IS NOT NULL AND dec IS NOT NULL
"""  # noqa: S608  # our own tables
FRAME_FIELDS = {
    "subject": "int8",
    "position": "int2",
    "mjd": "float8",
    "ra": "float8",
    "dec": "float8",
    "rms_ra": "float8",
    "rms_dec": "float8",
    "rms_corr": "float8",
    "snr": "float8",
}
MEASURED = list(FRAME_FIELDS)[2:]
OF_RECORD = ["mjd_mid", *MEASURED[1:]]


def fit_motions(keys: Sequence[int], *, seeing: float, floor: float) -> WeightedMotion:
    """Fit the motions of subjects, in the order of their keys; NaN without two detections at different times.

    Parameters
    ----------
    keys
        Different ones. Memory grows with their number times the frames of the longest.
    seeing, floor
        See `Survey.usual_errors`.
    """
    rows = copy_out(FRAMES, FRAME_FIELDS, {"keys": list(keys)})
    order = np.argsort(keys)
    place = order[np.searchsorted(np.array(keys, np.int64)[order], rows["subject"])]
    values = np.stack([rows[name] for name in MEASURED], axis=1).astype(np.float64).reshape(-1, len(MEASURED))
    return _fit(len(keys), place, rows["position"], values, seeing=seeing, floor=floor)


def fit_rates(records: Sequence[SubjectRecord], *, seeing: float, floor: float) -> list[float | None]:
    """Return the rates of records, arcsec/h, as `fit_motions` finds them once they are stored; None where unknown."""
    if all(len(record.frames) < 2 for record in records):
        return [None] * len(records)
    found = [
        (place, position, [np.nan if each is None else each for each in (getattr(frame, name) for name in OF_RECORD)])
        for place, record in enumerate(records)
        for position, frame in enumerate(record.frames[:MOST_FRAMES])
    ]
    places, positions, values = (list(column) for column in zip(*found, strict=True))
    table = np.array(values, np.float64)
    usable = np.isfinite(table[:, :3]).all(1)
    table[~np.isfinite(table)] = np.nan
    motion = _fit(
        len(records), np.array(places)[usable], np.array(positions)[usable], table[usable], seeing=seeing, floor=floor
    )
    return rates_of(motion)


def rates_of(motion: WeightedMotion) -> list[float | None]:
    """Return the rates to store, arcsec/h; None where none could be fitted."""
    return [rate if np.isfinite(rate) else None for rate in motion.rate.tolist()]


def _fit(
    n: int, place: NDArray[Any], position: NDArray[Any], values: Array, *, seeing: float, floor: float
) -> WeightedMotion:
    """Fit n motions to measurements (M, 7), in the order of `MEASURED`, of the frames at place and position (M,)."""
    table = np.full((len(MEASURED), n, int(position.max(initial=0)) + 1), np.nan)
    table[:, place, position] = values.T
    mjd, ra, dec, *measured = table
    return fit_weighted_motion(mjd, ra, dec, *position_errors(*measured, seeing=seeing, floor=floor))
