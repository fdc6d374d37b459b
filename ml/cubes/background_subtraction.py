"""Background subtraction in time: cubes minus their median, in units of the noise, as the network's input."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIGMA = 1.4826  # a normal distribution's σ over its median absolute deviation
QUIETEST = 0.5  # floor of a pixel's noise, as a fraction of the median pixel's
Array = NDArray[Any]


def difference(flux: Array) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Subtract the median over time, and divide by the noise.

    Each pixel's median over time is subtracted (as in the W-Net paper, section II.3), then each frame's median, to
    remove changing scattered light. The result is divided by the pixel's own scatter over time, so that a star's photon
    noise and jitter count no more than the empty sky's, and by the frame's noise relative to the others.

    Raises ValueError if the cube does not have three axes.

    Parameters
    ----------
    flux
        (T, Y, X) in any unit; NaN and infinite values count as missing.

    Returns
    -------
    (T, Y, X) float32 in units of the noise, 0 where nothing was measured; and (T, Y, X) bool, whether it was.
    """
    if flux.ndim != 3:
        raise ValueError(f"A cube has three axes (frames, height, width), not the shape {flux.shape}.")
    known: NDArray[np.bool_] = np.isfinite(flux)
    change = np.where(known, flux, np.nan).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # pixels and frames without any value stay NaN
        change -= median_of(change, known, 0)
        change -= median_of(change, known, (1, 2))
        change /= _pixel_noise(change, known)
        change /= frame_noise(change, known)
    change[~np.isfinite(change)] = 0
    return change, known


def _pixel_noise(change: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    noise = np.float32(SIGMA) * median_of(np.abs(change), known, 0)
    positive = noise[noise > 0]
    typical = np.median(positive) if positive.size else np.float32(1)
    return np.maximum(noise, np.float32(QUIETEST) * typical)


def frame_noise(change: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return each frame's noise (T, 1, 1) relative to the expected noise; 1 is as expected."""
    noise = np.float32(SIGMA) * median_of(np.abs(change), known, (1, 2))
    return np.where(noise > 1, noise, np.float32(1))


def median_of(
    values: NDArray[np.float32], known: NDArray[np.bool_], axis: int | tuple[int, ...]
) -> NDArray[np.float32]:
    """Return the median of values (T, Y, X) along an axis, kept with length 1, ignoring NaN; NaN if all are.

    `known` (T, Y, X) says which values are not NaN.
    """
    # numpy's nanmedian takes ten times as long, and most cubes are whole.
    median = np.median if known.all() else np.nanmedian
    found: NDArray[np.float32] = median(values, axis=axis, keepdims=True)
    return found
