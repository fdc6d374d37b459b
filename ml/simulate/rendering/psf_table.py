"""A point spread function tabulated at fractions of a pixel, for painting many points into a cube."""

from collections.abc import Callable

import numpy as np

PHASES = 8
REACH = 8
WINDOW = 2 * REACH + 1

Painter = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
"""Paints n points of unit light at x, y (n,) in pixels: (n, size, size)."""


def tabulate(painter: Painter) -> np.ndarray:
    """Return the pixels of a point at every eighth of a pixel.

    Returns
    -------
    (PHASES, PHASES, WINDOW, WINDOW) float32 array
        Offset of the point from the centre of the window, in y and in x, from -7/16 to 7/16 of a pixel.
    """
    offset = (np.arange(PHASES) + 0.5) / PHASES - 0.5
    down, right = (grid.ravel() for grid in np.meshgrid(offset, offset, indexing="ij"))
    pixels = painter(REACH + right, REACH + down, WINDOW)
    return pixels.astype(np.float32).reshape(PHASES, PHASES, WINDOW, WINDOW)


def paint(
    table: np.ndarray, frame: np.ndarray, x: np.ndarray, y: np.ndarray, light: np.ndarray, shape: tuple[int, int, int]
) -> np.ndarray:
    """Paint points into a cube.

    Parameters
    ----------
    table : array
        Of `tabulate`.
    frame : (k,) int array
        The frame of each point.
    x, y, light : (k,) array
        Positions in pixels, 0 in the centre of the first, and brightness; points outside the frame are lost.
    shape : (frames, height, width)

    Returns
    -------
    (frames, height, width) float32 array
    """
    frames, height, width = shape
    near = (x > -REACH) & (x < width - 1 + REACH) & (y > -REACH) & (y < height - 1 + REACH)
    frame, x, y, light = frame[near], x[near], y[near], light[near]
    column, row = np.rint(x).astype(np.int64), np.rint(y).astype(np.int64)
    phase_x = np.clip(((x - column + 0.5) * PHASES).astype(np.int64), 0, PHASES - 1)
    phase_y = np.clip(((y - row + 0.5) * PHASES).astype(np.int64), 0, PHASES - 1)
    stamp = table[phase_y, phase_x] * light[:, None, None].astype(np.float32)
    wide = (height + 4 * REACH, width + 4 * REACH)
    step = np.arange(WINDOW)
    at = ((frame * wide[0] + row + REACH)[:, None, None] + step[:, None]) * wide[1] + (column + REACH)[:, None, None]
    cube = np.bincount((at + step).ravel(), weights=stamp.ravel(), minlength=frames * wide[0] * wide[1])
    inside = slice(2 * REACH, 2 * REACH + height), slice(2 * REACH, 2 * REACH + width)
    return cube.reshape(frames, *wide)[:, inside[0], inside[1]].astype(np.float32)
