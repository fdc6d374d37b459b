"""The W-Net's two input channels: fast changes and slow changes.

The median over time subtracts a slow mover from itself, and the scatter over time counts it as noise. The second
channel avoids both.
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.cubes.background_subtraction import QUIETEST, SIGMA, difference, frame_noise, median_of

Array = NDArray[Any]
DARKEST = 15.0  # percentile over time that represents a pixel without a mover
DARKEST_OF_NOISE = np.float32(1)  # its distance below the mean for pure noise, in σ
MOST = 6e4  # what 16 bits can hold


def channels_and_mask(flux: Array) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the input channels of a cube (T, Y, X) in any unit, NaN or infinite where nothing was measured.

    Returns
    -------
    (2, T, Y, X) float32, 0 where nothing was measured; and (T, Y, X) bool, whether it was. The channels are

    1. `difference`, in units of the scatter over time;
    2. each pixel's excess over its darkest seventh of the time, after subtracting each frame's background, in units of
       the frame-to-frame scatter. Empty sky is about 0.

    Raises ValueError if the cube does not have three axes.
    """
    change, known = difference(flux)
    values = np.where(known, flux, np.nan).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # pixels and frames without any value stay NaN
        values -= median_of(values - median_of(values, known, 0), known, (1, 2))
        above: NDArray[np.float32] = np.subtract(values, _darkest(values, known))
        above /= _step_noise(values, known)
        above -= DARKEST_OF_NOISE
        above /= frame_noise(above, known)
    above[~np.isfinite(above)] = 0
    return np.stack([change, above]), known


def _darkest(values: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    percentile = np.percentile if known.all() else np.nanpercentile
    found: NDArray[np.float32] = percentile(values, DARKEST, axis=0, keepdims=True).astype(np.float32)
    return found


def _step_noise(values: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return each pixel's noise (1, Y, X), from the differences between successive frames."""
    steps = np.abs(np.diff(values, axis=0))
    noise = np.float32(SIGMA / np.sqrt(2)) * median_of(steps, known[1:] & known[:-1], 0)
    return np.maximum(noise, np.float32(QUIETEST * np.nanmedian(noise)))


def half_precision(channels: NDArray[np.float32]) -> NDArray[np.float16]:
    """Return input channels, of any shape, at half precision: 16 bits keep a flux to a thousandth.

    Values beyond ±`MOST` are clipped, since they would be infinite.
    """
    return np.clip(channels, -MOST, MOST).astype(np.float16)
