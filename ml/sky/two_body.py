"""Two-body motion: positions of many orbits at one time, and of one at many."""

import numpy as np
from numpy.typing import NDArray

from ml.sky.orbits import NEARLY_PARABOLIC, Orbits
from ml.sky.solar_system import GM_SUN

Array = NDArray[np.float64]
TOLERANCE = 1e-9  # radians of eccentric anomaly
MAX_ROUNDS = 60


def states(orbits: Orbits, mjd: float | Array) -> tuple[Array, Array]:
    """Return heliocentric positions (N, 3), au, and velocities (N, 3), au/day, at MJD (TDB), one or one an orbit.

    Kepler's equation for eccentricities below 0.98 (Danby's start, Halley's method), universal variables from
    perihelion above (Danby 1988, section 6.9): both lose no digits in their range.
    """
    position, velocity = np.empty((len(orbits), 3)), np.empty((len(orbits), 3))
    elliptic = orbits.eccentricity < NEARLY_PARABOLIC
    for rows, formula in ((elliptic, _elliptic), (~elliptic, _universal)):
        if rows.any():
            since = np.broadcast_to(mjd, len(orbits))[rows] - orbits.perihelion_time[rows]
            in_plane = formula(orbits.perihelion[rows], orbits.eccentricity[rows], since)
            x, y, vx, vy = (value[:, None] for value in in_plane)
            position[rows] = x * orbits.p[rows] + y * orbits.q[rows]
            velocity[rows] = vx * orbits.p[rows] + vy * orbits.q[rows]
    return position, velocity


def eccentric_anomaly(mean: Array, e: Array) -> Array:
    """Solve Kepler's equation E - e sin E = M for M (N,) in radians and e (N,) in [0, 0.98)."""
    mean = mean - 2 * np.pi * np.rint(mean / (2 * np.pi))
    anomaly = mean + 0.85 * e * np.sign(mean) * np.minimum(np.abs(mean) * 2, 1)
    for _ in range(MAX_ROUNDS):
        sin, cos = np.sin(anomaly), np.cos(anomaly)
        slope = 1 - e * cos
        newton = (anomaly - e * sin - mean) / slope
        step = newton / (1 - 0.5 * newton * e * sin / slope)
        anomaly -= step
        if np.abs(step).max(initial=0) ** 3 < TOLERANCE:  # Halley's method converges cubically
            break
    return anomaly


def _elliptic(perihelion: Array, e: Array, since: Array) -> tuple[Array, Array, Array, Array]:
    """Return x, y, vx, vy (N,) in the orbit's plane, `since` days after perihelion."""
    axis = perihelion / (1 - e)
    motion = np.sqrt(GM_SUN / axis) / axis
    anomaly = eccentric_anomaly(motion * since, e)
    sin, cos = np.sin(anomaly), np.cos(anomaly)
    minor, speed = axis * np.sqrt(1 - e**2), motion / (1 - e * cos)
    return axis * (cos - e), minor * sin, -axis * sin * speed, minor * cos * speed


def _universal(perihelion: Array, e: Array, since: Array) -> tuple[Array, Array, Array, Array]:
    """As `_elliptic`, for any eccentricity: solves the universal Kepler equation from perihelion."""
    alpha, target = (1 - e) / perihelion, np.sqrt(GM_SUN) * since
    low, high = np.zeros_like(since), np.ones_like(since)
    goal = np.abs(target)
    while (short := _reached(perihelion, e, alpha, high) < goal).any():
        high = np.where(short, 2 * high, high)
    for _ in range(MAX_ROUNDS):  # bisection cannot fail, and these orbits are few
        middle = (low + high) / 2
        below = _reached(perihelion, e, alpha, middle) < goal
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    chi = np.copysign((low + high) / 2, target)
    c2, c3 = _stumpff(alpha * chi**2)
    radius = perihelion + e * chi**2 * c2
    side = np.sqrt(GM_SUN * (1 + e) / perihelion)  # speed at perihelion
    x = perihelion - chi**2 * c2
    y = side * (since - chi**3 * c3 / np.sqrt(GM_SUN))
    vx = np.sqrt(GM_SUN) / radius * chi * (alpha * chi**2 * c3 - 1)
    return x, y, vx, side * (1 - chi**2 * c2 / radius)


def _reached(perihelion: Array, e: Array, alpha: Array, chi: Array) -> Array:
    """Return the left side of the universal Kepler equation: √μ times days since perihelion."""
    value: Array = perihelion * chi + e * chi**3 * _stumpff(alpha * chi**2)[1]
    return value


def _stumpff(psi: Array) -> tuple[Array, Array]:
    """Return the Stumpff functions c2 and c3."""
    root = np.sqrt(np.abs(psi))
    small = root < 0.1
    safe = np.where(small, 1.0, root)
    with np.errstate(over="ignore"):
        c2 = np.where(psi > 0, (1 - np.cos(safe)) / safe**2, (np.cosh(safe) - 1) / safe**2)
        c3 = np.where(psi > 0, (safe - np.sin(safe)) / safe**3, (np.sinh(safe) - safe) / safe**3)
    series2 = 1 / 2 - psi / 24 + psi**2 / 720 - psi**3 / 40_320
    series3 = 1 / 6 - psi / 120 + psi**2 / 5_040 - psi**3 / 362_880
    return np.where(small, series2, c2), np.where(small, series3, c3)
