"""Sliding-window inference: overlapping windows over a cube of any size, averaged, in bounded memory."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, int, int]
Predict = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def slide(change: NDArray[np.float32], predict: Predict, window: Shape, step: Shape) -> NDArray[np.float32]:
    """Return the mean prediction for each voxel over all windows that contain it.

    Powell et al., section VII, advance one frame at a time: `step` (1, …, …).

    Raises ValueError if a step is less than 1, or larger than the window, which would leave voxels out.

    Parameters
    ----------
    change
        (…, T, Y, X) in units of the noise. A cube smaller than the window is padded with empty sky.
    predict
        From a window (…, t, y, x) float32 to probabilities (t, y, x).
    window, step
        Voxels along T, Y and X. The last window of each axis ends with the cube.

    Returns
    -------
    (T, Y, X) float32, 0..1. Besides it, only the count of windows and one window are in memory.
    """
    if any(not 1 <= stride <= side for stride, side in zip(step, window, strict=True)):
        raise ValueError(f"A step must be 1 voxel to the window's {window}, not {step}.")
    t, y, x = change.shape[-3:]
    missing = [(0, max(0, side - length)) for side, length in zip(window, (t, y, x), strict=True)]
    padded = np.pad(change, [(0, 0)] * (change.ndim - 3) + missing) if any(map(any, missing)) else change
    total = np.zeros(padded.shape[-3:], np.float32)
    for place in windows(total.shape, window, step):
        part: Any = (..., *place)
        total[place] += predict(np.ascontiguousarray(padded[part]))
    total /= coverage(total.shape, window, step)
    return total[:t, :y, :x]


def windows(shape: tuple[int, ...], window: Shape, step: Shape) -> Iterator[tuple[slice, ...]]:
    """Yield the positions of all windows."""
    axes = [starts(*numbers) for numbers in zip(shape, window, step, strict=True)]
    for corner in product(*axes):
        yield tuple(slice(start, start + side) for start, side in zip(corner, window, strict=True))


def starts(length: int, side: int, step: int) -> list[int]:
    """Return the starts of the windows along one axis: every `step`, plus one that ends with the axis."""
    last = length - side
    return [*range(0, last, step), last]


def coverage(shape: tuple[int, ...], window: Shape, step: Shape) -> NDArray[np.float32]:
    """Return the number of windows over each voxel, shaped for division: (T, Y, X)."""
    counts = []
    for length, side, stride in zip(shape, window, step, strict=True):
        count = np.zeros(length, np.float32)
        for start in starts(length, side, stride):
            count[start : start + side] += 1
        counts.append(count)
    return counts[0][:, None, None] * counts[1][:, None] * counts[2]
