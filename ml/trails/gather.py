"""Gather cells into pieces of lines: neighbours whose directions agree."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from ml.trails.maps import Cells, Maps

NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
TURN = np.cos(np.radians(2 * 15))  # neighbouring cells of one line turn by less than 15°
FEWEST = 3  # cells: 12 pixels along


def pieces(maps: Maps, cells: Cells) -> list[NDArray[np.intp]]:
    """Return the numbers of the cells of each piece, those of one piece along it from end to end.

    Two lines that cross stay two: there, neighbours point elsewhere, or one is a trail and the other is not. One
    runs through, the other breaks, and `ml.trails.bridge` joins it again.
    """
    first, second, apart = _joints(maps, cells)
    n = len(cells)
    graph = coo_matrix((apart, (first, second)), shape=(n, n)).tocsr()
    _, number = connected_components(graph, directed=False)
    order = np.argsort(number, kind="stable")
    counts = np.bincount(number) if n else np.empty(0, np.intp)
    found = np.split(order, np.cumsum(counts)[:-1]) if n else []
    return [_in_order(cells, graph, piece) for piece in found if len(piece) >= FEWEST]


def _joints(maps: Maps, cells: Cells) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    number = np.full(np.add(maps.left.shape, (1, 2)), -1, dtype=np.intp)
    rows, columns = cells.place.T
    number[rows, columns + 1] = np.arange(len(cells))
    trail = cells.shares[:, 1] >= cells.shares[:, 2:].sum(1)
    firsts, seconds = [], []
    for down, right in NEIGHBOURS:
        beside = number[rows + down, columns + 1 + right]
        here = np.flatnonzero(beside >= 0)
        there = beside[here]
        same = (cells.unit[here] * cells.unit[there]).sum(1) >= TURN
        same &= trail[here] == trail[there]
        firsts.append(here[same])
        seconds.append(there[same])
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    apart = np.linalg.norm(cells.point[first] - cells.point[second], axis=1)
    return first, second, np.maximum(apart, 0.1)


def _in_order(cells: Cells, graph: "coo_matrix", piece: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return a piece from end to end: by its long axis where it is straight, else by the way through its cells."""
    away = cells.point[piece] - cells.point[piece].mean(0)
    spread, axes = np.linalg.eigh(away.T @ away / len(piece))
    if spread[0] < 4 or spread[0] < 0.002 * spread[1]:
        return piece[np.argsort(away @ axes[:, 1], kind="stable")]
    inside = graph[piece][:, piece]
    furthest = dijkstra(inside, directed=False, indices=0).argmax()
    return piece[np.argsort(dijkstra(inside, directed=False, indices=int(furthest)), kind="stable")]
