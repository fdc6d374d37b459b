"""Link tracklets of different nights: pairs that agree in place and velocity, halfway between their nights."""

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ml.sky.great_circle import halfway_covariances, halfway_features

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
SIGMAS = 3.0
"""Places and velocities may also differ by so many standard errors."""
WIDEST = 5.0
"""… as far as those reach so many tolerances: else a tracklet of a few minutes would agree with all others."""
BATCH = 50_000  # pairs compared at once


def link_nights(
    mjd: Array,
    directions: Array,
    velocity: Array,
    covariance: Array,
    nights: Rows,
    tolerance: float,
    max_days: int,
) -> list[tuple[int, int, float]]:
    """Return pairs of tracklets that may be one object, the best first.

    Each tracklet moves on along its great circle to the time halfway between the nights. A pair agrees if velocities
    differ there by less than `tolerance`, and places by less than that velocity makes in half of the gap; by more, as
    far as the errors of the two tracklets explain it.

    Parameters
    ----------
    mjd
        (N,) times of the places.
    directions
        (N, 3) unit vectors, finite.
    velocity
        (N, 2) toward east and north, arcsec/h, finite.
    covariance
        (N, 4, 4) of position east, north (arcsec) and velocity east, north (arcsec/h), finite.
    nights
        (N,) the night of each.
    tolerance
        Arcsec/h. Curvature and the Earth's motion change a main-belt asteroid's velocity by about 0.5″/h in a day.
    max_days
        Most nights between two that are linked.

    Returns
    -------
    list
        Indices of the earlier and the later tracklet, and their distance in units of what may differ, 0 to 1.
    """
    pairs: list[tuple[int, int, float]] = []
    for one, other in combinations(np.unique(nights), 2):
        if other - one > max_days:
            continue
        first, second = np.flatnonzero(nights == one), np.flatnonzero(nights == other)
        half = (mjd[second].mean() - mjd[first].mean()) / 2
        between = (mjd[first].mean() + half, half, tolerance)
        features = [halfway_features(mjd[rows], directions[rows], velocity[rows], *between) for rows in (first, second)]
        spreads = [
            _capped(halfway_covariances(mjd[rows], directions[rows], covariance[rows], *between))
            for rows in (first, second)
        ]
        near, misfit = _agreeing(*features, *spreads)
        pairs += zip(first[near[:, 0]].tolist(), second[near[:, 1]].tolist(), misfit.tolist(), strict=True)
    return sorted(pairs, key=lambda pair: pair[2])


class Motions(NamedTuple):
    """Times, places, velocities and covariances of N tracklets, as for `link_nights`."""

    mjd: Array
    directions: Array
    velocity: Array
    covariance: Array


def pair_misfits(one: Motions, other: Motions, tolerance: float) -> Array:
    """Return the distances (N,) of N pairs, each halfway between the two, by the rule of `link_nights`."""
    half = (other.mjd - one.mjd) / 2
    between = (one.mjd + half, np.abs(half), tolerance)
    here, there = (halfway_features(each.mjd, each.directions, each.velocity, *between) for each in (one, other))
    may_one, may_other = (
        _capped(halfway_covariances(each.mjd, each.directions, each.covariance, *between)) for each in (one, other)
    )
    return _misfit(here - there, may_one + may_other)


def _capped(spread: Array) -> Array:
    """Return the covariances (N, 6, 6) of what errors may add, none larger than `WIDEST` tolerances."""
    allowed = SIGMAS**2 * spread
    return allowed * np.minimum(1.0, WIDEST**2 / np.maximum(_bound(allowed), 1e-300))[:, None, None]


def _bound(spread: Array) -> Array:
    """Return upper bounds (N,) of the largest variances."""
    size: Array = np.linalg.norm(spread, axis=(1, 2))
    return size


def _agreeing(one: Array, other: Array, may_one: Array, may_other: Array) -> tuple[Rows, Array]:
    """Return the pairs (M, 2) of features (N, 6) at most 1 apart in units of what may differ, and that distance."""
    reach = float(np.sqrt(1 + _bound(may_one).max() + _bound(may_other).max()))
    near = cKDTree(one).sparse_distance_matrix(cKDTree(other), reach, output_type="ndarray")
    rows = np.stack([near["i"], near["j"]], axis=1)
    misfit = [
        _misfit(one[i] - other[j], may_one[i] + may_other[j])
        for i, j in (rows[start : start + BATCH].T for start in range(0, len(rows), BATCH))
    ]
    distance = np.concatenate([np.empty(0), *misfit])
    return rows[distance <= 1], distance[distance <= 1]


def _misfit(difference: Array, may_differ: Array) -> Array:
    weighted = np.linalg.solve(np.eye(6) + may_differ, difference[..., None])[..., 0]
    misfit: Array = np.sqrt(np.einsum("ni,ni->n", difference, weighted))
    return misfit
