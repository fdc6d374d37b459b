"""Link single detections of a night into tracklets: pairs within rate limits, extended along their great circles."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import chdtrc

from ml.sky.detections import ONE_EXPOSURE
from ml.sky.tangent_plane import ARCSEC, positions
from ml.sky.weighted_motion import WeightedMotion, fit_weighted_motion

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
LONGEST = 8  # detections of a tracklet
BATCH = 200_000  # pairs extended at once


@dataclass(frozen=True)
class LinkLimits:
    """What may be one mover.

    Attributes
    ----------
    min_rate, max_rate
        Arcsec per hour.
    min_detections
        3 to 8.
    max_gap
        Hours between the first two detections that a search starts from.
    min_chance
        Least chance of a χ² as large, if the motion is uniform: the fraction of movers that this costs.
    sigmas
        How far from its predicted place a further detection may lie.
    """

    min_rate: float = 3.0
    max_rate: float = 600.0
    min_detections: int = 3
    max_gap: float = 2.0
    min_chance: float = 5e-3
    sigmas: float = 4.0


@dataclass(frozen=True)
class Exposure:
    """The detections of one exposure: its time, their indices, their directions and where they lie together."""

    mjd: float
    rows: Rows
    tree: cKDTree
    center: Array
    radius: float


def link(mjd: Array, directions: Array, rms_ra: Array, rms_dec: Array, corr: Array, limits: LinkLimits) -> list[Rows]:
    """Return tracklets as indices of detections in order of time; no detection is in two.

    Parameters
    ----------
    mjd
        (N,) of one night or a few; detections within a second share an exposure.
    directions
        (N, 3) unit vectors.
    rms_ra, rms_dec
        (N,) arcsec, errors toward east (with cos δ) and north.
    corr
        (N,) their correlation, between -1 and 1.

    Notes
    -----
    As in Kubica et al. 2007, pairs of detections come from kd-trees; here one tree an exposure. Each pair is extended
    by the detection nearest to its predicted place in every other exposure, within `sigmas` of the combined error;
    the larger of a detection's two errors counts there. Chains whose motion is not uniform are dropped, and the longest
    and straightest keep their detections.
    """
    exposures, rms = _exposures(mjd, directions), np.maximum(rms_ra, rms_dec)
    chains = [
        chain
        for pairs, others in _seeds(exposures, limits)
        for start in range(0, len(pairs), BATCH)
        for chain in _extended(pairs[start : start + BATCH], others, mjd, directions, rms, limits)
    ]
    table = np.unique(np.sort(np.concatenate([np.empty((0, LONGEST), int), *chains]), axis=1), axis=0)
    if not len(table):
        return []
    motion = _motion(table, mjd, directions, rms_ra, rms_dec, corr)
    counts = (table >= 0).sum(1)
    good = (
        (chdtrc(motion.dof, motion.chi2) >= limits.min_chance)
        & (motion.rate >= limits.min_rate)
        & (motion.rate <= limits.max_rate)
    )
    order = np.lexsort([motion.chi2_dof, -counts])
    return [row[np.argsort(mjd[row], kind="stable")] for row in _disjoint(table, order[good[order]], len(mjd))]


def _exposures(mjd: Array, directions: Array) -> list[Exposure]:
    order = np.argsort(mjd, kind="stable")
    breaks = np.flatnonzero(np.diff(mjd[order]) > ONE_EXPOSURE) + 1
    exposures = []
    for rows in np.split(order, breaks) if len(order) else []:
        center = directions[rows].mean(0)
        radius = float(np.linalg.norm(directions[rows] - center, axis=1).max())
        exposures.append(Exposure(float(mjd[rows].mean()), rows, cKDTree(directions[rows]), center, radius))
    return exposures


def _seeds(exposures: list[Exposure], limits: LinkLimits) -> Iterator[tuple[Rows, list[Exposure]]]:
    """Yield pairs (M, 2) of detections that may be one mover, and the exposures that may show it again.

    Each detection is paired in the first exposures that have one within reach of it: neighbouring fields have none.
    """
    partners = 1 + min(LONGEST - limits.min_detections, 1)
    for at, first in enumerate(exposures):
        left = np.full(len(first.rows), partners)
        for second in exposures[at + 1 :]:
            hours = (second.mjd - first.mjd) * 24
            if hours > limits.max_gap or not left.any():
                break
            reach = limits.max_rate * hours / ARCSEC
            if np.linalg.norm(first.center - second.center) > first.radius + second.radius + reach:
                continue
            one, other = _pairs(first, second, limits.min_rate * hours / ARCSEC, reach)
            is_wanted = left[one] > 0
            one, other = one[is_wanted], other[is_wanted]
            left[np.unique(one)] -= 1
            if len(one):
                pairs = np.stack([first.rows[one], second.rows[other]], axis=1)
                others = [each for each in exposures if each is not first and each is not second]
                yield pairs, [each for each in others if _reachable(first, each, limits)]


def _reachable(first: Exposure, other: Exposure, limits: LinkLimits) -> bool:
    reach = limits.max_rate * abs(other.mjd - first.mjd) * 24 / ARCSEC
    return bool(np.linalg.norm(first.center - other.center) <= first.radius + other.radius + reach)


def _pairs(first: Exposure, second: Exposure, least: float, most: float) -> tuple[Rows, Rows]:
    """Return the places (M,) in two exposures of detections `least` to `most` radians apart."""
    near = first.tree.sparse_distance_matrix(second.tree, most, output_type="ndarray")
    near = near[near["v"] >= least]
    return near["i"], near["j"]


def _extended(
    pairs: Rows, others: list[Exposure], mjd: Array, directions: Array, rms: Array, limits: LinkLimits
) -> Iterator[Rows]:
    """Yield chains (M, LONGEST) of at least `min_detections`, filled up with -1."""
    chains = np.full((len(pairs), LONGEST), -1)
    chains[:, :2] = pairs
    counts = np.full(len(pairs), 2)
    for at, other in enumerate(sorted(others, key=lambda each: abs(each.mjd - mjd[pairs[0]].mean()))):
        left = len(others) - at
        alive = counts + left >= limits.min_detections
        chains, counts = chains[alive], counts[alive]
        if not len(chains):
            return
        found = _next(chains, other, mjd, directions, rms, limits.sigmas)
        hit = np.flatnonzero((found >= 0) & (counts < LONGEST))
        chains[hit, counts[hit]] = found[hit]
        counts[hit] += 1
    yield chains[counts >= limits.min_detections]


def _next(chains: Rows, other: Exposure, mjd: Array, directions: Array, rms: Array, sigmas: float) -> Rows:
    """Return the detection (M,) of an exposure nearest to where each chain should be; -1 if too far away."""
    first, last = _ends(chains, mjd)
    gap = mjd[last] - mjd[first]
    elapsed = (other.mjd - mjd[first]) / gap
    one, two = directions[first], directions[last]
    angle = 2 * np.arcsin(np.clip(np.linalg.norm(two - one, axis=1) / 2, 0, 1))
    sin = np.maximum(np.sin(angle), 1e-300)[:, None]
    with np.errstate(over="ignore"):
        place = (np.sin((1 - elapsed) * angle)[:, None] * one + np.sin(elapsed * angle)[:, None] * two) / sin
    error = np.hypot((1 - elapsed) * rms[first], elapsed * rms[last])
    farthest = sigmas * np.hypot(error.max(), rms[other.rows].max()) / ARCSEC
    distance, nearest = other.tree.query(place, distance_upper_bound=float(farthest))
    inside = np.isfinite(distance)
    found = np.where(inside, other.rows[np.where(inside, nearest, 0)], -1)
    limit = sigmas * np.hypot(error, rms[np.maximum(found, 0)]) / ARCSEC
    return np.where(inside & (distance <= limit), found, -1)


def _ends(chains: Rows, mjd: Array) -> tuple[Rows, Rows]:
    """Return the first and the last detection (M,) of each chain: the longest lever for a prediction."""
    times = np.where(chains >= 0, mjd[chains], np.nan)
    rows = np.arange(len(chains))
    return chains[rows, np.nanargmin(times, axis=1)], chains[rows, np.nanargmax(times, axis=1)]


def _motion(table: Rows, mjd: Array, directions: Array, *errors: Array) -> WeightedMotion:
    """Fit chains (M, LONGEST)."""
    present = table >= 0
    times, ra, dec = (np.where(present, column[table], np.nan) for column in (mjd, *positions(directions)))
    rms_ra, rms_dec, corr = (column[table] for column in errors)  # those of no detection do not count
    return fit_weighted_motion(times, ra, dec, rms_ra, rms_dec, corr)


def _disjoint(table: Rows, order: Rows, size: int) -> Iterator[Rows]:
    """Yield chains in order, without those that share a detection with an earlier one."""
    used = np.zeros(size, bool)
    for chain in table[order]:
        rows = chain[chain >= 0]
        if not used[rows].any():
            used[rows] = True
            yield rows
