"""Link tracklets of different nights: pairs that agree in place and velocity, halfway between their nights."""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ml.sky.great_circle import halfway_features

Array = NDArray[np.float64]


def link_nights(
    mjd: Array, directions: Array, velocity: Array, nights: NDArray[np.int64], tolerance: float, max_days: int
) -> list[tuple[int, int, float]]:
    """Return pairs of tracklets that may be one object, the best first.

    Each tracklet moves on along its great circle to the time halfway between the nights. A pair agrees if velocities
    differ there by less than `tolerance`, and places by less than that velocity makes in half of the gap.

    Parameters
    ----------
    mjd
        (N,) times of the places.
    directions
        (N, 3) unit vectors, finite.
    velocity
        (N, 2) toward east and north, arcsec/h, finite.
    nights
        (N,) the night of each.
    tolerance
        Arcsec/h. Curvature and the Earth's motion change a main-belt asteroid's velocity by about 0.5″/h in a day.
    max_days
        Most nights between two that are linked.

    Returns
    -------
    list
        Indices of the earlier and the later tracklet, and their distance in units of the tolerance, 0 to 1.
    """
    pairs = []
    for one, other in combinations(np.unique(nights), 2):
        if other - one > max_days:
            continue
        first, second = np.flatnonzero(nights == one), np.flatnonzero(nights == other)
        half = (mjd[second].mean() - mjd[first].mean()) / 2
        middle = mjd[first].mean() + half
        features = [
            halfway_features(mjd[rows], directions[rows], velocity[rows], middle, half, tolerance)
            for rows in (first, second)
        ]
        near = cKDTree(features[0]).sparse_distance_matrix(cKDTree(features[1]), 1.0, output_type="ndarray")
        pairs += [(int(first[i]), int(second[j]), float(distance)) for i, j, distance in near]
    return sorted(pairs, key=lambda pair: pair[2])
