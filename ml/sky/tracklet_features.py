"""Whole-tracklet features: motion, brightness, position on the detector, length."""

import numpy as np
from numpy.typing import NDArray

from ml.data.tracklet_frames import TrackletFrames
from ml.sky.motion import fit

NAMES = ("residual", "rate", "magnitude scatter", "spread on the detector", "closest pair", "detections")
RESIDUAL = 0
GROUPS = ((0, 1), (2,), (3, 4))  # facts that are missing together
LEAST = (0.3, 0.1, 0.02, 0.1, 0.1)  # floors of σ, arcsec/h, mag, pixels, pixels
Array = NDArray[np.float64]


def facts(tracks: TrackletFrames) -> NDArray[np.float32]:
    """Return features (N, 6) in the order of `NAMES`; NaN if they can't be computed.

    The decimal logarithms of the residual of uniform motion in σ (see `ml.sky.motion.fit`), the rate (arcsec per hour),
    the standard deviation of the magnitudes (two or more), the median and the minimum distance between two frames'
    positions on the detector (pixels; a defect stays on its pixel, a mover does not); and the binary logarithm of the
    number of detections. They are bit-for-bit independent of the order of the frames.
    """
    ordered = tracks.in_order()
    motion = fit(ordered)
    values = (motion.residual, motion.rate, _scatter(ordered.of("mag")), *_distances(ordered))
    logs = [np.log10(np.maximum(value, least)) for value, least in zip(values, LEAST, strict=True)]
    return np.stack([*logs, np.log2(np.maximum(ordered.counts, 1))], axis=1).astype(np.float32)


def _scatter(mag: Array) -> Array:
    """Return the standard deviation (N,) of the known values of (N, F), over n - 1."""
    known = np.isfinite(mag)
    n, values = known.sum(1), np.where(known, mag, 0.0)
    mean = values.sum(1) / np.maximum(n, 1)
    squares = (np.where(known, values - mean[:, None], 0.0) ** 2).sum(1)
    return np.where(n > 1, np.sqrt(squares / np.maximum(n - 1, 1)), np.nan)


def _distances(tracks: TrackletFrames) -> tuple[Array, Array]:
    """Return the median and the minimum distance (N,) between two positions on the detector, pixels."""
    first, second = np.triu_indices(tracks.frames, 1)
    x, y = tracks.of("x"), tracks.of("y")
    apart = np.hypot(x[:, first] - x[:, second], y[:, first] - y[:, second])
    n = np.isfinite(apart).sum(1)
    if not apart.shape[1]:
        return np.full(len(tracks), np.nan), np.full(len(tracks), np.nan)
    apart = np.sort(np.where(np.isfinite(apart), apart, np.inf), axis=1)
    low, high = (np.take_along_axis(apart, np.maximum(at, 0)[:, None], 1)[:, 0] for at in ((n - 1) // 2, n // 2))
    return np.where(n > 0, (low + high) / 2, np.nan), np.where(n > 0, apart[:, 0], np.nan)
