"""Motions of stored subjects, fitted to their frames."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

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
    place = order[np.searchsorted(np.array(keys, np.int64)[order], rows["subject"])], rows["position"]
    shape = len(keys), int(rows["position"].max(initial=0)) + 1

    def spread(values: Array) -> Array:
        table = np.full(shape, np.nan)
        table[place] = values
        return table

    mjd, ra, dec, *measured = (spread(rows[name]) for name in list(FRAME_FIELDS)[2:])
    return fit_weighted_motion(mjd, ra, dec, *position_errors(*measured, seeing=seeing, floor=floor))
