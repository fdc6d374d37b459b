"""Link cells into trails: neighbours into segments, then segments across stars, crossings and chip gaps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from ml.imaging.polyline import length_of, sagitta, tangents
from ml.trails.maps import Cells, Maps

NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
NEIGHBOUR_TURN = np.cos(np.radians(2 * 15))  # neighbouring cells of one line turn by less than 15°
FEWEST = 3  # cells: 12 pixels along


def pieces(maps: Maps, cells: Cells) -> list[NDArray[np.intp]]:
    """Return the cell numbers (n,) of each segment, from `FEWEST` cells on, ordered along it from end to end.

    Two crossing lines stay separate: at the crossing, neighbours point elsewhere, or one is a trail and the other is
    not. One line continues, the other breaks, and `bridged` joins it again.
    """
    first, second, apart = _neighbours(maps, cells)
    n = len(cells)
    graph = coo_matrix((apart, (first, second)), shape=(n, n)).tocsr()
    _, number = connected_components(graph, directed=False)
    order = np.argsort(number, kind="stable")
    counts = np.bincount(number) if n else np.empty(0, np.intp)
    found = np.split(order, np.cumsum(counts)[:-1]) if n else []
    return [_in_order(cells, graph, piece) for piece in found if len(piece) >= FEWEST]


def _neighbours(maps: Maps, cells: Cells) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    number = np.full(np.add(maps.left.shape, (1, 2)), -1, dtype=np.intp)
    rows, columns = cells.place.T
    number[rows, columns + 1] = np.arange(len(cells))
    trail = cells.probabilities[:, 1] >= cells.probabilities[:, 2:].sum(1)
    firsts, seconds = [], []
    for down, right in NEIGHBOURS:
        beside = number[rows + down, columns + 1 + right]
        here = np.flatnonzero(beside >= 0)
        there = beside[here]
        same = (cells.unit[here] * cells.unit[there]).sum(1) >= NEIGHBOUR_TURN
        same &= trail[here] == trail[there]
        firsts.append(here[same])
        seconds.append(there[same])
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    apart = np.linalg.norm(cells.point[first] - cells.point[second], axis=1)
    return first, second, np.maximum(apart, 0.1)


def _in_order(cells: Cells, graph: "coo_matrix", piece: NDArray[np.intp]) -> NDArray[np.intp]:
    """Order a segment from end to end: by its long axis if it is straight, else along its cells."""
    away = cells.point[piece] - cells.point[piece].mean(0)
    spread, axes = np.linalg.eigh(away.T @ away / len(piece))
    if spread[0] < 4 or spread[0] < 0.002 * spread[1]:
        return piece[np.argsort(away @ axes[:, 1], kind="stable")]
    inside = graph[piece][:, piece]
    furthest = dijkstra(inside, directed=False, indices=0).argmax()
    return piece[np.argsort(dijkstra(inside, directed=False, indices=int(furthest)), kind="stable")]


FURTHEST = 150.0  # pixels of a gap
LEAST_REACH = 16.0  # pixels that a short piece may reach over
ASTRAY = 4.0  # pixels by which an extrapolated segment may miss the other, plus a tenth of the gap
TURN = np.cos(np.radians(15))
TOUCHING = 14.0  # pixels of a gap within which larger angles are allowed: one broken trail
TURN_TOUCHING, ASTRAY_TOUCHING = np.cos(np.radians(35)), 7.0


@dataclass(frozen=True)
class Piece:
    """A traced segment: its curve (k, 2) in pixels, and the mean class probabilities (K,) of its cells."""

    curve: NDArray[np.float64]
    probabilities: NDArray[np.float64]


def bridged(found: Sequence[Piece]) -> list[list[tuple[int, bool]]]:
    """Return for each trail its segments in order, each with whether it is to be reversed.

    Two segments are joined if each, extrapolated linearly from its end, hits the other's end within 4 pixels and a
    tenth of the gap, their directions differ by less than 15°, they look alike, and the gap is no longer than the
    longer of them (or 16 pixels) and at most 150 pixels. Segments that touch may turn by up to 35°. Each end is joined
    once, nearest first.
    """
    if not found:
        return []
    joints = _pairs(found)
    used: set[int] = set()
    taken = []
    for a, b in joints:
        if a not in used and b not in used:
            used |= {a, b}
            taken.append((a, b))
    return _chains(len(found), taken)


def _pairs(found: Sequence[Piece]) -> list[tuple[int, int]]:
    """Return pairs of ends, 2 · piece + (0 at its start, 1 at its end), that may be joined, nearest first."""
    ends = np.concatenate([piece.curve[[0, -1]] for piece in found])
    outward = np.concatenate([_outward(piece.curve) for piece in found])
    length = np.repeat([length_of(piece.curve) for piece in found], 2)
    alike = np.repeat([piece.probabilities for piece in found], 2, axis=0)
    gap = ends[None] - ends[:, None]
    distance = np.linalg.norm(gap, axis=2)
    ahead = (gap * outward[:, None]).sum(2)
    aside = np.abs(gap[..., 0] * outward[:, None, 1] - gap[..., 1] * outward[:, None, 0])
    reach = np.minimum(np.maximum(np.maximum(length[:, None], length), LEAST_REACH), FURTHEST)
    opposite = outward @ outward.T
    fine = (distance <= reach) & (ahead > -STEP_BACK) & (aside <= ASTRAY + 0.1 * distance) & (opposite <= -TURN)
    fine |= (distance <= TOUCHING) & (aside <= ASTRAY_TOUCHING) & (opposite <= -TURN_TOUCHING)
    fine &= np.sqrt(np.maximum(alike, 0)) @ np.sqrt(np.maximum(alike, 0)).T >= 0.6
    piece = np.arange(len(ends)) // 2
    fine &= fine.T & (piece[:, None] < piece)
    a, b = np.nonzero(fine)
    return [(int(a[k]), int(b[k])) for k in np.argsort(distance[a, b], kind="stable")]


STEP_BACK = 8.0  # pixels that two pieces may overlap


def _outward(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return outward unit vectors (2, 2) at both ends: from the outer third if curved, from the whole if straight."""
    bent = sagitta(curve) > 1.5
    third = len(curve) // 3 if bent else len(curve) - 1
    out = np.stack([curve[0] - curve[third], curve[-1] - curve[-1 - third]])
    if bent:
        edge = tangents(curve)
        out = out / np.maximum(np.hypot(*out.T), 1e-9)[:, None] + np.stack([-edge[0], edge[-1]])
    return out / np.maximum(np.hypot(*out.T), 1e-9)[:, None]


def _chains(n: int, joints: list[tuple[int, int]]) -> list[list[tuple[int, bool]]]:
    beside = {a: b for pair in joints for a, b in (pair, pair[::-1])}
    graph = coo_matrix((np.ones(len(joints)), ([a // 2 for a, _ in joints], [b // 2 for _, b in joints])), shape=(n, n))
    count, number = connected_components(graph, directed=False)
    members: list[list[int]] = [[] for _ in range(count)]
    for piece, chain in enumerate(number):
        members[chain].append(piece)
    return [_walk(chain, beside) for chain in members]


def _walk(chain: list[int], beside: dict[int, int]) -> list[tuple[int, bool]]:
    """Follow the joints from a free end; a ring starts at its first segment."""
    free = [end for piece in chain for end in (2 * piece, 2 * piece + 1) if end not in beside]
    end = free[0] if free else 2 * chain[0]
    way: list[tuple[int, bool]] = []
    while len(way) < len(chain):
        way.append((end // 2, end % 2 == 1))
        end = beside.get(end ^ 1, -1)
        if end < 0:
            break
    return way
