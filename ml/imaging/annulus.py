"""Annulus photometry around a stamp's centre, as features of a detection."""

import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.imaging.noise_normalisation import linear_noise

EDGES = (0.0, 1.1, 2.3, 3.6, 5.1, 8.0, 12.0, 20.0)
"""Edges of the rings in pixels, finer where a point source has its light."""
MOST = 1e6  # sigma; what is brighter is a sentinel, and its sums would overflow
STATISTICS: tuple[Callable[..., np.ndarray], ...] = (np.nanmean, np.nanmin, np.nanmax)


def width(channels: int) -> int:
    """Return the number of features of a stamp with this many channels."""
    return channels * len(STATISTICS) * (len(EDGES) - 1)


def to_width(features: NDArray[Any], columns: int) -> NDArray[Any]:
    """Return features (..., D) that end in annulus photometry as (..., `columns`), for stamps of other channels.

    The photometry is channel by channel: a channel that a stamp lacks counts as 0, the sky level, and one beyond the
    columns is left out.

    Raises ValueError unless the widths differ by whole channels.
    """
    lacking = columns - features.shape[-1]
    if lacking % width(1):
        raise ValueError(
            f"These features have {features.shape[-1]} numbers each instead of {columns}, and no number of channels"
            " makes up for that: they were made by another backbone."
        )
    padding = [(0, 0)] * (features.ndim - 1) + [(0, max(0, lacking))]
    return np.pad(features, padding)[..., :columns] if lacking else features


def annulus_photometry(stamps: np.ndarray) -> np.ndarray:
    """Return photometry in seven rings around the centre of each stamp.

    Parameters
    ----------
    stamps
        (n, C, H, W), any real dtype, with the detection in the centre. NaN pixels are left out.

    Returns
    -------
    (n, C · 3 · 7) float32: for each channel the mean, minimum and maximum of the seven rings, as asinh of the value in
    units of the sky noise (`noise_normalisation.sky`), clipped at ± 1e6. 0, the sky level, for a ring without a finite
    pixel, or outside the stamp.
    """
    height, wide = stamps.shape[-2:]
    y, x = np.ogrid[:height, :wide]
    distance = np.hypot(y - (height - 1) / 2, x - (wide - 1) / 2)
    with np.errstate(over="ignore", invalid="ignore"):
        values = linear_noise(stamps, limit=MOST)
    within = [(distance >= inner) & (distance < outer) for inner, outer in pairwise(EDGES)]
    found = np.zeros((*stamps.shape[:2], len(STATISTICS), len(within)), dtype=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of rings without a finite pixel
        for place, ring in enumerate(within):
            if ring.any():
                for row, statistic in enumerate(STATISTICS):
                    found[:, :, row, place] = statistic(values[..., ring], axis=-1)
    return np.nan_to_num(np.arcsinh(found)).reshape(len(stamps), -1)
