"""Galaxy profiles: a Sersic disc, optionally with spiral arms, and a bulge."""

import numpy as np

from ml.simulate.rendering.light import along_and_across, as_cube

ARMS = 2
Shape = dict[str, np.ndarray]


def profile(shape: Shape, x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Paint galaxies of unit flux, before the PSF.

    Parameters
    ----------
    shape : dict of (n,) arrays
        radius (half-light, pixels), index (Sersic), axis_ratio, angle (radians), bulge (fraction), arms
        (contrast 0..1), winding.
    x, y : (n,) array
        Centres, in pixels.
    size : int
        Side of the stamps, in pixels.

    Returns
    -------
    (n, size, size) float32 array
        Each sums to 1 over its stamp.
    """
    along, across = along_and_across(x, y, shape["angle"], size)
    across = across / as_cube(shape["axis_ratio"])
    # Half a pixel of softening approximates the integral over the central pixel, where the profile has a cusp.
    soft = np.hypot(np.hypot(along, across), np.float32(0.5)) / as_cube(shape["radius"])
    disc = sersic(soft, shape["index"])
    spiral = np.flatnonzero(shape["arms"] > 0)
    if len(spiral):
        turn = ARMS * np.arctan2(across[spiral], along[spiral])
        wound = as_cube(shape["winding"][spiral]) * np.log(soft[spiral] + np.float32(0.1))
        disc[spiral] *= 1 + as_cube(shape["arms"][spiral]) * np.cos(turn - wound)
    fraction = as_cube(shape["bulge"])
    return (1 - fraction) * unit_flux(disc) + fraction * unit_flux(sersic(3 * soft, np.full(len(x), 3.0)))


def sersic(distance: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return the Sérsic profile, 1 in the centre, at distances (n, H, W) in half-light radii, of indices (n,).

    Ciotti & Bertin 1999, A&A 352, 447, leading terms of b.
    """
    n = as_cube(index)
    b = 2 * n - 1 / 3 + 4 / (405 * n)
    return np.exp(-b * distance ** (1 / n))


def unit_flux(light: np.ndarray) -> np.ndarray:
    return light / light.sum(axis=(1, 2), keepdims=True)
