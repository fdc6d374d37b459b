"""Tile large images with overlap, and stitch the maps, so that a trail across a seam stays whole."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.models.trail import DEEPEST, STRIDE

TILE = 1024
OVERLAP = 128
STEP = 64  # sides of small images are padded to multiples of it, so that a network is compiled for few shapes
MapsOf = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class Span:
    """One tile along one axis: `length` pixels from `start`, of which `first` to `last` are its own."""

    start: int
    length: int
    first: int
    last: int


def spans(side: int, tile: int = TILE, overlap: int = OVERLAP) -> list[Span]:
    """Return the tiles along a side; their own parts cover it once, and the last one beyond its end.

    Parameters
    ----------
    side
        Pixels of the image.
    tile, overlap
        Size of a tile in pixels, and minimum overlap; multiples of 32.
    """
    if side <= tile:
        length = -(-side // STEP) * STEP
        return [Span(0, min(length, tile), 0, min(length, tile))]
    padded = -(-side // DEEPEST) * DEEPEST
    count = -(-(padded - overlap) // (tile - overlap))
    starts = np.linspace(0, (padded - tile) // DEEPEST, count).astype(int) * DEEPEST
    seams = [0, *((a + tile + b) // 2 // STRIDE * STRIDE for a, b in itertools.pairwise(starts)), padded]
    return [Span(int(s), tile, int(a), int(b)) for s, a, b in zip(starts, seams[:-1], seams[1:], strict=True)]


def sewn(image: NDArray[np.float32], run: MapsOf, tile: int = TILE, overlap: int = OVERLAP) -> NDArray[np.float32]:
    """Return the maps (P, ⌈H / 4⌉, ⌈W / 4⌉) of an image (H, W), processed tile by tile.

    `run` turns images (1, 1, h, w) into maps (1, P, h / 4, w / 4). Tiles are padded with 0 beyond the image.
    """
    height, width = (-(-side // STRIDE) for side in image.shape)
    out: NDArray[np.float32] | None = None
    for down in spans(image.shape[0], tile, overlap):
        for across in spans(image.shape[1], tile, overlap):
            maps = run(_cut(image, down, across)[None, None])[0]
            if out is None:
                out = np.empty((len(maps), height, width), dtype=np.float32)
            rows, inside_rows = _own(down, height)
            columns, inside_columns = _own(across, width)
            out[:, rows, columns] = maps[:, inside_rows, inside_columns]
    assert out is not None  # noqa: S101 - every image has at least one tile
    return out


def _cut(image: NDArray[np.float32], down: Span, across: Span) -> NDArray[np.float32]:
    part = image[down.start : down.start + down.length, across.start : across.start + across.length]
    if part.shape == (down.length, across.length):
        return part
    whole = np.zeros((down.length, across.length), dtype=np.float32)
    whole[: part.shape[0], : part.shape[1]] = part
    return whole


def _own(span: Span, cells: int) -> tuple[slice, slice]:
    """Return the image cells that a tile owns, and their positions in the tile."""
    first, last = span.first // STRIDE, min(span.last // STRIDE, cells)
    offset = span.start // STRIDE
    return slice(first, last), slice(first - offset, last - offset)
