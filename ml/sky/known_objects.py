"""Known objects near detections: a two-body sweep over the catalogue, then perturbed places of the few near ones."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ml.sky.apparent import Apparent, Bodies, observe, visual_magnitude
from ml.sky.error_ellipse import measurement_noise, semi_axes
from ml.sky.nbody import acceleration, integrate
from ml.sky.observers import Observers
from ml.sky.orbits import Orbits
from ml.sky.sweep import Sweep
from ml.sky.tangent_plane import ARCSEC, east_north, separation

Array = NDArray[np.float64]
BLOCK = 0.25  # days that one sweep and one integration serve
FASTEST = 0.041  # au/day: two bodies at the Earth's distance never pass each other faster
TWO_BODY_ERROR = 2e-4  # au after 30 days, growing with the square of time; the worst of 487 orbits was off by 1.4e-4
WORST_ERROR = 0.2  # au
BASE_ERROR = 5e-5  # au
SIGMAS = 3.0
YEAR = 365.25


@dataclass(frozen=True)
class Matches:
    """M pairs of a detection and a known object that may be the same, by detection, then nearest first.

    Attributes
    ----------
    detection, orbit
        (M,) indices.
    seen
        What the observer sees of the object.
    separation, along, across
        (M,) arcsec: the detection from the predicted place, along the predicted motion and to the left of it.
    orbit_error
        (M,) arcsec, 1σ along the orbit, from the uncertainty parameter and the time since the last observation; NaN if
        unknown.
    sigmas
        (M,) the combined distance in σ; NaN if the orbit's error is unknown.
    magnitude
        (M,) V, of comets the total magnitude; NaN if unknown.
    days
        (M,) from the elements' epoch to the detection.
    is_candidate
        (M,) whether the two may be the same; the other objects are only near.
    """

    detection: NDArray[np.int64]
    orbit: NDArray[np.int64]
    seen: Apparent
    separation: Array
    along: Array
    across: Array
    orbit_error: Array
    sigmas: Array
    magnitude: Array
    days: Array
    is_candidate: NDArray[np.bool_]

    def take(self, rows: NDArray[np.bool_]) -> "Matches":
        """Return some of the pairs."""
        columns = {each.name: getattr(self, each.name)[rows] for each in fields(self) if each.name != "seen"}
        return Matches(seen=self.seen.take(rows), **columns)


def match(
    sweep: Sweep,
    observers: Observers,
    directions: Array,
    rms: Array,
    radius: float,
    widest: float = 60.0,
    around: float = 0.0,
) -> list[Matches]:
    """Return all known objects near N detections, one `Matches` for each block of time that has any.

    Parameters
    ----------
    sweep
        The catalogue.
    observers
        Of the N detections; rows with NaN match nothing.
    directions
        (N, 3) unit vectors; rows with NaN match nothing.
    rms
        (N,) errors of the positions, arcsec; NaN counts as 0.5″.
    radius
        Arcsec: all objects this near are returned, and beyond it those within 3σ of orbit and detection together.
    widest
        Arcsec, upper limit of these 3σ.
    around
        Arcsec: objects up to here are returned too, as no candidates.
    """
    usable = np.asarray(np.isfinite(directions).all(1) & np.isfinite(observers.position).all(1))
    found = []
    for rows in _blocks(observers.mjd, usable):
        near = _near(sweep, observers, directions, rows, max(radius + widest, around) / ARCSEC)
        if len(near):
            matches = _refined(sweep.orbits, near, observers, directions, rms, rows, radius, widest, around)
            if len(matches.detection):
                found.append(matches)
    return found


def _blocks(mjd: Array, usable: NDArray[np.bool_]) -> Iterator[NDArray[np.int64]]:
    """Yield indices of detections within `BLOCK` days of each other."""
    order = np.flatnonzero(usable)
    order = order[np.argsort(mjd[order], kind="stable")]
    while len(order):
        end = int(np.searchsorted(mjd[order], mjd[order[0]] + BLOCK, side="right"))
        yield order[:end]
        order = order[end:]


def _near(
    sweep: Sweep, observers: Observers, directions: Array, rows: NDArray[np.int64], radius: float
) -> NDArray[np.int64]:
    """Return the orbits that may be near any of some detections."""
    mjd, middle, spread = _middle(observers, rows)
    margin = spread + two_body_error(mjd - sweep.orbits.epoch)
    center = directions[rows].mean(0)
    length = np.linalg.norm(center)
    center = center / length if length > 0 else np.array([1.0, 0.0, 0.0])
    angle = np.arccos(np.clip(directions[rows] @ center, -1, 1)).max()
    found = sweep.near(mjd, middle, center, min(angle + radius, np.pi), margin)
    return found[_beside(sweep, found, mjd, middle, margin[found], directions[rows], radius)]


def _beside(
    sweep: Sweep, found: NDArray[np.int64], mjd: float, observer: Array, margin: Array, directions: Array, radius: float
) -> NDArray[np.bool_]:
    """Return which of the found orbits may be near a detection, not only near their common circle."""
    place = sweep.places(found, mjd) - observer
    distance = np.linalg.norm(place, axis=1)
    nearest = cKDTree(directions).query(place / distance[:, None])[0]
    beside: NDArray[np.bool_] = nearest <= radius + margin / distance + 1e-3
    return beside


def _middle(observers: Observers, rows: NDArray[np.int64]) -> tuple[float, Array, float]:
    """Return the middle time of some rows, the observer then, and how far, in au, anything may move meanwhile."""
    times = observers.mjd[rows]
    mjd = float((times.min() + times.max()) / 2)
    middle = observers.position[rows].mean(0)
    apart = np.linalg.norm(observers.position[rows] - middle, axis=1).max()
    return mjd, middle, float(FASTEST * np.ptp(times) / 2 + apart)


def two_body_error(days: Array) -> Array:
    """Return a generous bound (…), au, of the error of unperturbed motion after (…) days."""
    return np.minimum(BASE_ERROR + TWO_BODY_ERROR * (days / 30) ** 2, WORST_ERROR)


def orbit_error(orbits: Orbits, mjd: Array, sun_distance: Array, distance: Array) -> Array:
    """Return the error along the orbit (M,) as seen by the observer, arcsec; NaN if unknown."""
    years = np.maximum(np.abs(mjd - np.where(np.isfinite(orbits.last_observed), orbits.last_observed, orbits.epoch)), 0)
    return orbits.runoff * years / YEAR / 10 * sun_distance / distance


def _refined(
    orbits: Orbits, near: NDArray[np.int64], observers: Observers, directions: Array, rms: Array,
    rows: NDArray[np.int64], radius: float, widest: float, around: float,
) -> Matches:  # fmt: skip
    """Return the matches of some detections with some orbits, by perturbed places."""
    mjd, middle, spread = _middle(observers, rows)
    few = orbits.take(near)
    position, velocity = integrate(few, mjd)
    bodies = Bodies(mjd, position, velocity, acceleration(position, velocity, mjd))
    ray = position - middle
    distance = np.linalg.norm(ray, axis=1)
    reach = max(radius + widest, around) / ARCSEC + spread / distance + 4e-4
    hits = cKDTree(directions[rows]).query_ball_point(ray / distance[:, None], np.minimum(reach, 2.0))
    body = np.repeat(np.arange(len(near)), [len(hit) for hit in hits])
    detection = rows[np.concatenate([np.asarray(hit, int) for hit in hits])] if len(body) else np.empty(0, int)
    seen = observe(
        bodies, body, observers.mjd[detection], observers.position[detection], observers.velocity[detection],
        observers.drift[detection],
    )  # fmt: skip
    return _compared(
        few.take(body), near[body], seen, observers.mjd[detection], directions, rms, detection, radius, widest, around
    )


def _compared(
    orbits: Orbits, orbit: NDArray[np.int64], seen: Apparent, mjd: Array, directions: Array, rms: Array,
    detection: NDArray[np.int64], radius: float, widest: float, around: float,
) -> Matches:  # fmt: skip
    apart = separation(directions[detection], seen.direction)
    along, across = residuals(directions[detection], seen)
    error = orbit_error(orbits, mjd, seen.sun_distance, seen.distance)
    semi_along, semi_across = semi_axes(error, measurement_noise(rms[detection]))
    wide = np.minimum(SIGMAS * np.where(np.isfinite(error), semi_along, np.inf), widest)
    is_candidate = apart <= np.hypot(radius, wide)
    sigmas = np.hypot(along / semi_along, across / semi_across)
    order = np.lexsort([apart, detection])
    order = order[(is_candidate | (apart <= around))[order]]
    seen = seen.take(order)
    return Matches(
        detection=detection[order],
        orbit=orbit[order],
        seen=seen,
        separation=apart[order],
        along=along[order],
        across=across[order],
        orbit_error=error[order],
        sigmas=sigmas[order],
        magnitude=visual_magnitude(orbits.take(order), seen),
        days=(mjd - orbits.epoch)[order],
        is_candidate=is_candidate[order],
    )


def residuals(directions: Array, seen: Apparent) -> tuple[Array, Array]:
    """Return detection minus prediction (M,), arcsec, along the predicted motion and to the left of it."""
    east, north = (np.einsum("ni,ni->n", directions - seen.direction, axis) for axis in east_north(seen.direction))
    speed = np.hypot(*seen.motion.T)
    cos, sin = np.where(speed > 0, seen.motion.T / np.where(speed > 0, speed, 1.0), [[1.0], [0.0]])
    return (east * cos + north * sin) * ARCSEC, (north * cos - east * sin) * ARCSEC
