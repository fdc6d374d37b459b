"""What Euclid's visible camera sees: trails, stars, galaxies and cosmic rays, in electrons per exposure.

Source: Lieu et al. 2019, MNRAS 485, 5831, section 2.1. Painters work on (n, size, size) stacks, one image per
stamp and dither.
"""

import numpy as np
from scipy import fft

from ml.simulate.light import along_and_across, as_cube, spray

PIXEL_SCALE = 0.1
EXPTIME = 565.0
ZERO_POINT = 25.6
OVERSAMPLING = 10
ARMS = 2


def electrons(mag: np.ndarray) -> np.ndarray:
    """Electrons that a source of AB magnitude `mag` leaves in one exposure."""
    return EXPTIME * 10 ** (-0.4 * (np.asarray(mag) - ZERO_POINT))


def psf(size: int) -> np.ndarray:
    """Point spread function of unit flux, (size, size), centred on pixel size // 2.

    A core of 0.18 arcsec, a wing falling as the cube of the distance, and the six spikes of a three-legged spider.
    """
    pixel = np.arange(size) - size // 2
    x, y = np.meshgrid(pixel, pixel)
    distance = np.hypot(x, y)
    core = np.exp(-0.5 * (distance / 0.76) ** 2)
    wing = 0.02 / (1 + (distance / 1.5) ** 2) ** 1.5
    angle = np.arctan2(y, x)
    spikes = 0.0006 * np.cos(3 * angle) ** 40 / (1 + distance / 6) ** 1.5 * (distance > 1)
    light = core + wing + spikes
    return (light / light.sum()).astype(np.float32)


def through_the_optics(light: np.ndarray) -> np.ndarray:
    """Convolve (..., size, size) images with the PSF; light that leaves the stamp does not come back."""
    size = light.shape[-1]
    # Light travels at most half a stamp, so half a stamp of padding keeps the far side from receiving it.
    padded = fft.next_fast_len(size + size // 2 + 1, real=True)
    kernel = np.zeros((padded, padded), np.float32)
    kernel[:size, :size] = psf(size)
    kernel = np.roll(kernel, (-(size // 2), -(size // 2)), (0, 1))
    spectrum = fft.rfft2(light, (padded, padded)) * fft.rfft2(kernel)
    return fft.irfft2(spectrum, (padded, padded))[..., :size, :size]


def trail_light(
    x: np.ndarray, y: np.ndarray, length: np.ndarray, angle: np.ndarray, mag: np.ndarray, size: int
) -> np.ndarray:
    """Lay out a solar-system object before the optics: a row of stars, ten to the pixel, that share its light.

    Parameters
    ----------
    x, y : (n,) array
        Middle of the trail, in pixels.
    length : (n,) array
        Path during the exposure, in pixels.
    angle : (n,) array
        Radians from +x towards +y.
    mag : (n,) array
        Magnitude of the whole object; each of its N stars has ``mag + 2.5 log10(N)`` (equation 1 of the paper).
    """
    stars = np.maximum(np.ceil(length * OVERSAMPLING), 1).astype(int)
    order = np.arange(stars.max())
    step = (order + 0.5) / stars[:, None] - 0.5
    share = np.where(order < stars[:, None], (electrons(mag) / stars)[:, None], 0.0)
    along = step * length[:, None]
    return split_between_pixels(
        x[:, None] + along * np.cos(angle)[:, None], y[:, None] + along * np.sin(angle)[:, None], share, size
    )


def star_light(x: np.ndarray, y: np.ndarray, mag: np.ndarray, size: int) -> np.ndarray:
    return split_between_pixels(x[:, None], y[:, None], electrons(mag)[:, None], size)


def split_between_pixels(x: np.ndarray, y: np.ndarray, flux: np.ndarray, size: int) -> np.ndarray:
    """Share each point among the four pixels around it, so that its centroid is kept."""
    left, low = np.floor(x), np.floor(y)
    light = np.zeros((len(x), size, size), np.float32)
    for right in (0, 1):
        for up in (0, 1):
            weight = np.abs(1 - right - (x - left)) * np.abs(1 - up - (y - low))
            light += spray(left + right, low + up, flux * weight, size)
    return light


def galaxy_light(shape: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Paint a Sersic disc with optional spiral arms, and a bulge, before the optics.

    Parameters
    ----------
    shape : dict of (n,) arrays
        mag, radius (half-light, pixels), index (Sersic), axis_ratio, angle (radians), bulge (fraction), arms
        (contrast 0..1), winding.
    """
    along, across = along_and_across(x, y, shape["angle"], size)
    distance = np.hypot(along, across / as_cube(shape["axis_ratio"]))
    # Half a pixel of softening stands for the integral over the central pixel, where the profile has a cusp.
    soft = np.hypot(distance, 0.5) / as_cube(shape["radius"])
    turn = np.arctan2(across / as_cube(shape["axis_ratio"]), along)
    arms = 1 + as_cube(shape["arms"]) * np.cos(ARMS * turn - as_cube(shape["winding"]) * np.log(soft + 0.1))
    disc = normalised(sersic(soft, shape["index"]) * arms)
    bulge = normalised(sersic(3 * soft, np.full(len(x), 3.0)))
    fraction = as_cube(shape["bulge"])
    return as_cube(electrons(shape["mag"])) * ((1 - fraction) * disc + fraction * bulge)


def sersic(distance: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Sersic profile at `distance` in half-light radii: Ciotti & Bertin 1999, A&A 352, 447, leading terms of b."""
    n = as_cube(index)
    b = 2 * n - 1 / 3 + 4 / (405 * n)
    return np.exp(-b * distance ** (1 / n))


def normalised(light: np.ndarray) -> np.ndarray:
    return light / light.sum(axis=(1, 2), keepdims=True)


def cosmic_ray_charge(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Straight tracks of charge that meet no optics: many are dots, a few cross a third of the stamp.

    One track through each (x, y), in pixels; returns electrons, (n, size, size).
    """
    n, points = len(x), 60
    length = np.minimum(rng.lognormal(1.3, 1.0, n), size / 2)
    angle = rng.uniform(0, 2 * np.pi, n)
    total = rng.lognormal(np.log(2500), 0.9, n) * np.sqrt(1 + length / 4)
    step = rng.uniform(-0.5, 0.5, (n, points)) * length[:, None]
    charge = rng.gamma(1.5, 1.0, (n, points))
    charge *= total[:, None] / charge.sum(axis=1, keepdims=True)
    track_x = x[:, None] + step * np.cos(angle)[:, None]
    return spray(track_x, y[:, None] + step * np.sin(angle)[:, None], charge, size)


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
