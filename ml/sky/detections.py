"""Detections: times, positions and errors, magnitudes, and where the observer was."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.io.mjd import DAY

Array = NDArray[np.float64]
ONE_EXPOSURE = 1 / DAY
"""Days: detections within one second share an exposure, in which nothing moves."""


@dataclass(frozen=True)
class Detections:
    """N detections.

    Attributes
    ----------
    name
        (N,) text: the tracklet (or the detection, for `known`), as in the table.
    mjd
        (N,) UTC, mid-exposure; NaN if unknown or impossible.
    ra, dec
        (N,) degrees, ICRS; NaN if unknown or impossible.
    rms_ra, rms_dec
        (N,) arcsec, errors toward east (with cos δ) and north; NaN if unknown.
    rms_corr
        (N,) correlation of the two, -1 to 1; 0 if unknown.
    mag, snr
        (N,) NaN if unknown.
    band
        (N,) text: the magnitude's band, as in the table; empty if unknown.
    observatory
        (N,) MPC codes; empty if unknown.
    observer
        (N, 3) geocentric position of the observer, km, ICRF; NaN if unknown.
    observer_velocity
        (N, 3) its geocentric velocity there, km/s, ICRF, given or from its positions at other times; NaN if unknown.
    """

    name: NDArray[np.str_]
    mjd: Array
    ra: Array
    dec: Array
    rms_ra: Array
    rms_dec: Array
    rms_corr: Array
    mag: Array
    snr: Array
    band: NDArray[np.str_]
    observatory: NDArray[np.str_]
    observer: Array
    observer_velocity: Array

    def __len__(self) -> int:
        return len(self.mjd)

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Return (N,) True where time and position are known."""
        return np.isfinite(self.mjd) & np.isfinite(self.ra) & np.isfinite(self.dec)
