"""Detector effects: cosmic rays, and bleeding from full wells."""

import numpy as np

POINTS = 60


def tracks(
    rng: np.random.Generator, x: np.ndarray, y: np.ndarray, *, longest: float, typical: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw one track through each position.

    Parameters
    ----------
    x, y : (n,) array
        Places, in pixels.
    longest : float
        Maximum length of a track in pixels; the median is 3.7.
    typical : float
        Median charge of a dot, in electrons; long tracks hold more.

    Returns
    -------
    x, y, charge : (n, POINTS) arrays
        Points of charge along each track.
    """
    n = len(x)
    length = np.minimum(rng.lognormal(1.3, 1.0, n), longest)
    angle = rng.uniform(0, 2 * np.pi, n)
    total = rng.lognormal(np.log(typical), 0.9, n) * np.sqrt(1 + length / 4)
    step = rng.uniform(-0.5, 0.5, (n, POINTS)) * length[:, None]
    charge = rng.gamma(1.5, 1.0, (n, POINTS))
    charge *= total[:, None] / charge.sum(axis=1, keepdims=True)
    return x[:, None] + step * np.cos(angle)[:, None], y[:, None] + step * np.sin(angle)[:, None], charge


def bleed(image: np.ndarray, full_well: float) -> np.ndarray:
    """Cap pixels at the full well and let the excess bleed along the column, half each way.

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
