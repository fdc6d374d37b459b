"""Join pieces of one trail: across a star, another trail, or the gap between two chips."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ml.trails.curve import length_of, sagitta, tangents

FURTHEST = 150.0  # pixels of a gap
LEAST_REACH = 16.0  # pixels that a short piece may reach over
ASTRAY = 4.0  # pixels that one piece, drawn on, may miss the other by, and a tenth of the gap
TURN = np.cos(np.radians(15))
TOUCHING = 14.0  # pixels, within which pieces may turn and stray more: one trail that was torn
TURN_TOUCHING, ASTRAY_TOUCHING = np.cos(np.radians(35)), 7.0


@dataclass(frozen=True)
class Piece:
    """A traced piece: its curve (k, 2) pixels, and the mean class shares (K,) of its cells."""

    curve: NDArray[np.float64]
    shares: NDArray[np.float64]


def bridged(found: Sequence[Piece]) -> list[list[tuple[int, bool]]]:
    """Return for each trail its pieces in order, each with whether it is to be turned about.

    Two pieces belong together where each, drawn on straight from its end, hits the other's end within 4 pixels and a
    tenth of the gap, their directions differ by less than 15°, they look alike, and the gap is no longer than the
    longer of them (or 16 pixels) and at most 150 pixels. Pieces that touch may turn by up to 35°. Each end is joined
    once, the nearest first.
    """
    if not found:
        return []
    joints = _joints(found)
    used: set[int] = set()
    taken = []
    for a, b in joints:
        if a not in used and b not in used:
            used |= {a, b}
            taken.append((a, b))
    return _chains(len(found), taken)


def _joints(found: Sequence[Piece]) -> list[tuple[int, int]]:
    """Return pairs of ends, 2 · piece + (0 at its start, 1 at its end), that may be joined, the nearest first."""
    ends = np.concatenate([piece.curve[[0, -1]] for piece in found])
    outward = np.concatenate([_outward(piece.curve) for piece in found])
    length = np.repeat([length_of(piece.curve) for piece in found], 2)
    alike = np.repeat([piece.shares for piece in found], 2, axis=0)
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
    """Return unit vectors (2, 2) out of both ends: of the outer third of a bent piece, of all of a straight one."""
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
    """Follow the joints from a free end; a ring begins at its first piece."""
    free = [end for piece in chain for end in (2 * piece, 2 * piece + 1) if end not in beside]
    end = free[0] if free else 2 * chain[0]
    way: list[tuple[int, bool]] = []
    while len(way) < len(chain):
        way.append((end // 2, end % 2 == 1))
        end = beside.get(end ^ 1, -1)
        if end < 0:
            break
    return way
