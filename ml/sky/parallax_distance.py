"""Distance from a curved trail: the parallax of an observer that moves, on Hubble's orbit or on the turning Earth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from ml.sky.tangent_plane import ARCSEC, OFF_PLANE, east_north, plane_covariances

Array = NDArray[np.float64]
PARAMETERS = 5
SIGNIFICANT = 3.0  # σ
LEAST_CHANCE = 0.001  # of a χ² as large: below it, no distance fits
UNEXPLAINED = 0.2  # of χ² without parallax: a near object's is large too, as its distance changes, but falls further
LONGEST_ARC = 1.0  # days: beyond, the object's own acceleration and its changing distance count


@dataclass(frozen=True)
class ParallaxDistance:
    """The distance of one object.

    Attributes
    ----------
    parallax, parallax_error
        1 over the distance, au⁻¹, and its formal error: this is what the fit measures, and its error is symmetric.
    chi2, straight_chi2
        Of the fit, and of one without parallax; the first has `dof` degrees of freedom, the second one more.
    """

    parallax: float
    parallax_error: float
    chi2: float
    straight_chi2: float
    dof: int

    @property
    def distance(self) -> float:
        """Return the distance, au; NaN if the parallax is not positive."""
        return 1 / self.parallax if self.parallax > 0 else np.nan

    @property
    def distance_error(self) -> float:
        """Return the formal error of the distance, au; meaningful if the parallax is well above its error."""
        return self.parallax_error / self.parallax**2 if self.parallax > 0 else np.nan

    @property
    def nearest(self) -> float:
        """Return the least distance, au, within 3σ."""
        return 1 / max(self.parallax + SIGNIFICANT * self.parallax_error, 1e-9)

    @property
    def significance(self) -> float:
        """Return the parallax in units of its error."""
        return self.parallax / self.parallax_error

    @property
    def is_measured(self) -> bool:
        """Return whether the parallax is above 3σ; else only a least distance is known."""
        return self.significance >= SIGNIFICANT

    @property
    def is_impossible(self) -> bool:
        """Return whether the parallax is below −3σ, which no object at any distance has."""
        return self.significance <= -SIGNIFICANT

    @property
    def chance(self) -> float:
        """Return the probability of a χ² at least as large."""
        return float(chdtrc(self.dof, self.chi2))

    @property
    def is_unfit(self) -> bool:
        """Return whether the detections fit no distance: χ² is too large for chance, and hardly less by parallax."""
        return self.chance < LEAST_CHANCE and self.chi2 > UNEXPLAINED * self.straight_chi2

    @property
    def complaint(self) -> str:
        """Return why the distance is not known; empty if it is."""
        if self.is_unfit:
            return "no distance fits: the detections do not move uniformly"
        if self.is_impossible:
            return "the path bends the wrong way for any distance"
        return "" if self.is_measured else "no parallax above 3σ: only the least distance is known"


Errors = tuple[Array, Array, Array]
"""Of n positions: toward east and north, arcsec, and their correlation."""


def fit_parallax(mjd: Array, directions: Array, errors: Errors, observer: Array) -> ParallaxDistance:
    """Fit place, uniform motion and parallax to n detections of one object, in time or along one trail.

    Parameters
    ----------
    mjd
        (n,) of at least three times within a day.
    directions
        (n, 3) unit vectors.
    errors
        (n,) each.
    observer
        (n, 3) heliocentric positions, au.

    Raises
    ------
    ValueError
        There are too few detections, they span more than a day, one lies 90° or more from their middle, or the observer
        moves so straight that any distance fits.

    Notes
    -----
    Linear weighted least squares of 2 n numbers on the tangent plane: ξ = ξ₀ + μ t − π R(t), where R is the observer's
    place across the line of sight. A straight and steady observer changes only μ; what is measured is the curvature of
    its path, as for Hubble's asteroid trails (Evans et al. 1998; Kruk et al. 2022). The distance is taken as constant:
    at 0.05 au the fit is still right to 0.5 %, but its χ² is too large.
    """
    if len(mjd) < 3 or np.ptp(mjd) > LONGEST_ARC:
        raise ValueError("a distance needs three detections or more, within a day")
    hours = (mjd - mjd.mean()) * 24
    axes = np.stack(east_north(directions.mean(0) / np.linalg.norm(directions.mean(0))))
    middle = np.cross(*axes)
    if (directions @ middle <= 0).any():
        raise ValueError(OFF_PLANE)
    plane = directions @ axes.T / (directions @ middle)[:, None] * ARCSEC  # gnomonic: great circles are straight
    shift = -(observer - observer.mean(0)) @ axes.T * ARCSEC  # arcsec for a distance of 1 au
    whiten = np.linalg.inv(np.linalg.cholesky(plane_covariances(directions, axes, *errors)))
    one, none = np.ones_like(hours), np.zeros_like(hours)
    rows = [[one, none, hours, none, shift[:, 0]], [none, one, none, hours, shift[:, 1]]]
    design = (whiten @ np.moveaxis(np.array(rows), 2, 0)).reshape(-1, PARAMETERS)
    values = (whiten @ plane[:, :, None]).ravel()
    straight_chi2, _, _ = _solved(design[:, :4], values)
    _check_curved(design)
    chi2, found, covariance = _solved(design, values)
    error = float(np.sqrt(covariance[4, 4]))
    return ParallaxDistance(float(found[4]), error, chi2, straight_chi2, 2 * len(mjd) - PARAMETERS)


def _solved(design: Array, values: Array) -> tuple[float, Array, Array]:
    """Return χ², the parameters and their covariance of a whitened linear fit."""
    found, *_ = np.linalg.lstsq(design, values, rcond=None)
    residual = values - design @ found
    covariance = np.linalg.pinv(design.T @ design)
    return float(residual @ residual), found.astype(np.float64), covariance.astype(np.float64)


def _check_curved(design: Array) -> None:
    """Refuse a design in which the observer's path is as straight as the object's."""
    rest, *_ = np.linalg.lstsq(design[:, :4], design[:, 4], rcond=None)
    curved = design[:, 4] - design[:, :4] @ rest
    if np.linalg.norm(curved) < 1e-3:  # in σ, for an object at 1 au
        raise ValueError("the observer's path is straight here, so every distance fits")
