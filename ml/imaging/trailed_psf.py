"""Length of a trail in a stamp: a Gaussian point source smeared along a line (Vereš et al. 2012, PASP 124, 1197).

The fit has the square of the length as a parameter, which noise may make negative: so short trails are measured without
bias, and a length of 0 has a finite error.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import leastsq
from scipy.special import chdtri, erf

from ml.imaging.noise_normalisation import linear_noise

Array = NDArray[np.float64]
FWHM_TO_SIGMA = 1 / 2.3548
LOG_SEEING_ERROR = 0.3  # how well the width is known beforehand, so that faint sources have one too
LEAST_SNR = 5.0
MOST_CALLS = 200  # of the model in a fit
MOST_EXCESS = 1000.0  # beyond it a probability is 0 in double precision
MARGIN = 3.0  # in FWHM around the trail


@dataclass(frozen=True)
class TrailLength:
    """The length of a trail in pixels.

    Attributes
    ----------
    length, low, high
        Best fit, 0 for a point source, and the 68 % interval.
    snr
        S/N of the flux, from the noise of the sky.
    excess
        χ² of one degree of freedom for the predicted length against the fitted one, errors scaled by the fit's own χ².
    """

    length: float
    low: float
    high: float
    snr: float
    excess: float


def trail_length(
    pixels: NDArray, x: float, y: float, seeing: float, predicted: float, angle: float | None = None
) -> TrailLength | None:
    """Measure a trail, and compare it with the predicted length.

    Parameters
    ----------
    pixels
        (H, W), any real dtype; NaN and infinities mark what was not measured and are left out.
    x, y
        Where the middle of the trail is expected, pixels, (0, 0) in the centre of the first.
    seeing
        Full width at half maximum of a point source in pixels, about.
    predicted
        Length in pixels.
    angle
        Direction in degrees from x to y. None if it is unknown: then it is fitted, which makes point sources look up to
        a fraction of the seeing long; the excess allows for that.

    Returns
    -------
    None if no source of S/N 5 is there, less than half of its pixels were measured, or the image is shorter than the
    prediction.
    """
    if predicted > min(pixels.shape):
        return None
    image = linear_noise(pixels).astype(float)
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    reach = max(predicted / 2 + MARGIN * seeing, 6.0)
    near = np.hypot(columns - x, rows - y) <= reach
    used = near & np.isfinite(image)
    if used.sum() < max(near.sum() / 2, 12):
        return None
    fit = _Fit(columns[used] - x, rows[used] - y, image[used], seeing * FWHM_TO_SIGMA, angle, predicted)
    return fit.measured()


class _Fit:
    """Fits of one source. Parameters: flux, x, y, log of the width over the seeing's, squared length, [angle]."""

    def __init__(self, x: Array, y: Array, values: Array, sigma: float, angle: float | None, predicted: float) -> None:
        self.x, self.y, self.values, self.sigma = x, y, values, sigma
        self.angle, self.predicted = angle, predicted

    def measured(self) -> TrailLength | None:
        flux, x, y, angle = self._start()
        turned = [] if self.angle is not None else [angle]
        starts = ([flux, x, y, 0.0, square, *turned] for square in {self.sigma**2, max(self.predicted, 0.1) ** 2})
        fits = [leastsq(self._residuals, start, full_output=True, maxfev=MOST_CALLS) for start in starts]
        best, covariance, info, *_ = min(fits, key=lambda each: float((each[2]["fvec"] ** 2).sum()))
        if covariance is None or not np.isfinite(best).all():
            return None
        chi2 = float((info["fvec"] ** 2).sum())
        scale = max(1.0, chi2 / (len(self.values) + 1 - len(best)))
        snr = best[0] / np.sqrt(covariance[0, 0])
        if snr < LEAST_SNR:
            return None
        square, error = best[4], np.sqrt(covariance[4, 4] * scale)
        fixed = leastsq(self._of_predicted_length, np.delete(best, 4), full_output=True, maxfev=MOST_CALLS)[2]
        excess = max(0.0, float((fixed["fvec"] ** 2).sum()) - chi2) / scale
        length, low, high = (float(np.sqrt(max(0.0, each))) for each in (square, square - error, square + error))
        return TrailLength(length, low, high, float(snr), excess if self.angle is not None else _of_one_degree(excess))

    def _start(self) -> tuple[float, float, float, float]:
        """Return flux, place and direction of the light above 2σ, weighted by a circle around the expected place."""
        width = 4 * self.sigma + self.predicted / 2
        light = np.where(self.values > 2, self.values, 0.0) * np.exp(-(self.x**2 + self.y**2) / (2 * width**2))
        total = max(float(light.sum()), 1e-9)
        x, y = float((light * self.x).sum() / total), float((light * self.y).sum() / total)
        right, up = self.x - x, self.y - y
        angle = np.arctan2(2 * (light * right * up).sum(), (light * (right**2 - up**2)).sum()) / 2
        return float(np.clip(self.values, 0, None).sum()), x, y, float(angle)

    def _residuals(self, parameters: Array) -> Array:
        flux, x, y, log_width, square = parameters[:5]
        angle = np.radians(self.angle) if self.angle is not None else parameters[5]
        sigma = self.sigma * np.exp(np.clip(log_width, -2, 2))
        along = (self.x - x) * np.cos(angle) + (self.y - y) * np.sin(angle)
        across = (self.y - y) * np.cos(angle) - (self.x - x) * np.sin(angle)
        model = flux * _gaussian(across, sigma) * _smeared(along, sigma, square)
        return np.append(self.values - model, log_width / LOG_SEEING_ERROR)

    def _of_predicted_length(self, others: Array) -> Array:
        return self._residuals(np.insert(others, 4, self.predicted**2))


def _gaussian(offset: Array, sigma: float) -> Array:
    return np.exp(-(offset**2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))


def _smeared(along: Array, sigma: float, square: float) -> Array:
    """Return a Gaussian smeared over a length; of a negative square, one as much narrower as that length's is wider."""
    if square <= (0.1 * sigma) ** 2:
        return _gaussian(along, np.sqrt(max(sigma**2 + square / 12, 0.01 * sigma**2)))
    half, scale = np.sqrt(square) / 2, sigma * np.sqrt(2)
    return (erf((along + half) / scale) - erf((along - half) / scale)) / (4 * half)


def _of_one_degree(excess: float) -> float:
    """Return the χ² of one degree of freedom that is as improbable as this one of two (length and direction)."""
    return float(chdtri(1, np.exp(-min(excess, MOST_EXCESS) / 2)))
