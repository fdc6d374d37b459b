"""How a line ends, and how even it is: a trail has one brightness and stops, an arc is clumpy and fades."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from ml.trails.curve import length_of, tangents
from ml.trails.profile import REACH, along

BEYOND = 12.0  # pixels drawn on past each end
INSIDE = 8.0  # pixels of an end
CALM = 7  # samples averaged along
Array = NDArray[Any]


def evenness(noise_units: Array, curve: Array) -> list[float]:
    """Return the light inside and beyond the fainter and the brighter end of a curve (k, 2), and its deciles along it.

    Six shares of the ridge's median, -2..5: inside (8 pixels of each end), beyond (3 to 12 pixels past each), and the
    1st and 9th decile of the ridge averaged over 7 pixels. The image (H, W) is in units of its noise; NaN counts as 0.
    """
    profile = along(noise_units, _drawn_on(curve))
    sides = np.nan_to_num(np.concatenate([profile.values[:3], profile.values[-3:]]))
    ridge = np.nan_to_num(profile.values[REACH - 1 : REACH + 2]).mean(0) - np.median(sides)
    step = (length_of(curve) + 2 * BEYOND) / (len(ridge) - 1)
    past, near = round(BEYOND / step), max(round(INSIDE / step), 1)
    body = uniform_filter1d(ridge[past : len(ridge) - past], CALM, mode="nearest")
    level = max(float(np.median(body)), 0.3)
    inside = sorted([float(ridge[past : past + near].mean()), float(ridge[::-1][past : past + near].mean())])
    off = max(round((BEYOND - 3) / step), 1)
    beyond = sorted([float(ridge[:off].mean()), float(ridge[::-1][:off].mean())])
    shares = np.array([*inside, *beyond, *np.quantile(body, [0.1, 0.9])]) / level
    return np.clip(shares, -2, 5).tolist()


def _drawn_on(curve: Array) -> NDArray[np.float64]:
    outward = tangents(curve)
    return np.concatenate([curve[:1] - BEYOND * outward[:1], curve, curve[-1:] + BEYOND * outward[-1:]])
