"""Perturbed motion of a few orbits: numerical integration with Sun, planets and Moon."""

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from ml.sky.orbits import Orbits
from ml.sky.solar_system import GM_SUN, PERTURBER_GM, SPEED_OF_LIGHT, perturbers
from ml.sky.two_body import states

Array = NDArray[np.float64]
RELATIVE, ABSOLUTE = 1e-10, 1e-12  # of each step; the norm is over all bodies, so a single one may err 100 times more


def integrate(orbits: Orbits, mjd: float) -> tuple[Array, Array]:
    """Return heliocentric positions (N, 3), au, and velocities (N, 3), au/day, at MJD (TDB).

    Each group of one epoch is integrated together, from the osculating elements, by Dormand and Prince's method of
    order 8: Newtonian pull of nine bodies, and the Sun's first-order relativity.
    """
    position, velocity = np.empty((len(orbits), 3)), np.empty((len(orbits), 3))
    for epoch in np.unique(orbits.epoch):
        rows = np.flatnonzero(orbits.epoch == epoch)
        position[rows], velocity[rows] = integrate_states(*states(orbits.take(rows), epoch), epoch, mjd)
    return position, velocity


def integrate_states(position: Array, velocity: Array, start: float, end: float) -> tuple[Array, Array]:
    """Integrate states (N, 3) from one MJD (TDB) to another.

    Raises
    ------
    ValueError
        The integration fails: an object falls into a planet or the Sun.
    """
    if start == end or not len(position):
        return position, velocity

    def derivative(mjd: float, flat: Array) -> Array:
        both = flat.reshape(2, -1, 3)
        return np.concatenate([both[1], acceleration(both[0], both[1], mjd)]).ravel()

    flat = np.concatenate([position, velocity]).ravel()
    solution = solve_ivp(derivative, (start, end), flat, "DOP853", rtol=RELATIVE, atol=ABSOLUTE, t_eval=[end])
    if not solution.success:
        raise ValueError(f"the orbits cannot be integrated from MJD {start:.1f} to {end:.1f}: {solution.message}")
    both = solution.y[:, -1].reshape(2, -1, 3)
    return both[0], both[1]


def acceleration(position: Array, velocity: Array, mjd: float) -> Array:
    """Return the heliocentric acceleration (N, 3), au/day²."""
    square = np.einsum("ni,ni->n", position, position)
    cube = square * np.sqrt(square)
    total = -GM_SUN * position / cube[:, None]
    for place, mass in zip(perturbers(mjd), PERTURBER_GM, strict=True):
        apart = place - position
        near = np.einsum("ni,ni->n", apart, apart) ** 1.5
        total += mass * (apart / near[:, None] - place / np.dot(place, place) ** 1.5)
    return total + _relativity(position, velocity, square, cube)


def _relativity(position: Array, velocity: Array, square: Array, cube: Array) -> Array:
    """Return the Schwarzschild term of the Sun (IERS Conventions 2010, equation 10.12)."""
    inward = 4 * GM_SUN / np.sqrt(square) - np.einsum("ni,ni->n", velocity, velocity)
    outward = 4 * np.einsum("ni,ni->n", position, velocity)
    factor = GM_SUN / (SPEED_OF_LIGHT**2 * cube)
    term: Array = factor[:, None] * (inward[:, None] * position + outward[:, None] * velocity)
    return term
