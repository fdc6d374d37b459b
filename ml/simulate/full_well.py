"""Pixels that hold no more charge: the excess runs along the column."""

import numpy as np


def bleed(image: np.ndarray, full_well: float) -> np.ndarray:
    """Cap pixels at the full well and let the excess run along the column, half of it each way.

    Parameters
    ----------
    image : (n, size, size) array of electrons
    full_well : float

    Returns
    -------
    (n, size, size) array
    """
    excess = np.maximum(image - full_well, 0)
    if not excess.any():
        return image
    capped = image - excess
    for stamp, column in {(int(s), int(c)) for s, _, c in zip(*np.nonzero(excess), strict=True)}:
        capped[stamp, :, column] = fill_column(capped[stamp, :, column], excess[stamp, :, column], full_well)
    return capped


def fill_column(column: np.ndarray, excess: np.ndarray, full_well: float) -> np.ndarray:
    for direction in (1, -1):
        carried = 0.0
        for row in range(len(column))[::direction]:
            carried += excess[row] / 2
            taken = min(carried, full_well - column[row])
            column[row] += taken
            carried -= taken
    return column
