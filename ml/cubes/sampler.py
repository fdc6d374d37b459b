"""Sample training crops that contain movers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.cubes.augment import SYMMETRIES, turned
from ml.data.dataset import BadExamples

LEAST_POSITIVE = 100  # voxels of movers in every batch (Powell et al., section VI.2)
AIMED = 0.75  # fraction of crops centred on a mover; the others are random
TRIES = 200
Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Example:
    """One training cube, compact enough that hundreds fit into memory.

    Attributes
    ----------
    views
        (V, T, Y, X) float16; see `ml.cubes.input_channels`.
    mask
        (T, Y, X) uint8: 0 empty, else the number of the object.
    measured
        (T, Y, X) bool, or None if every voxel is measured.
    """

    name: str
    group: str
    views: NDArray[np.float16]
    mask: NDArray[np.uint8]
    measured: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Batch:
    """Crops: input channels (B, V, T, Y, X), and 0 or 1 for truth and for measured (B, T, Y, X); float32."""

    views: NDArray[np.float32]
    truth: NDArray[np.float32]
    measured: NDArray[np.float32]


class Crops:
    """Batches of crops, each under one of the sixteen symmetries.

    Parameters
    ----------
    examples
        Cubes of any sizes; one smaller than a crop is padded with missing voxels.
    side
        Voxels of a crop along T, Y and X.
    batch
        Crops per batch.
    seed
        The same seed draws the same batches.

    Raises
    ------
    BadExamples
        If no cube has a mover.
    """

    def __init__(self, examples: Sequence[Example], side: int, batch: int, seed: int) -> None:
        self.examples, self.side, self.batch = examples, side, batch
        self.random = np.random.default_rng(seed)
        # One entry per object: faint ones have small masks, but should be seen as often as bright ones.
        self.movers = [
            (row, number) for row, example in enumerate(examples) for number in np.unique(example.mask) if number
        ]
        if not self.movers:
            raise BadExamples(
                "No cube has a voxel of a mover in its mask: there is nothing to train on. Add cubes with movers."
            )

    def draw(self) -> Batch:
        """Return the next batch, with at least 100 voxels of movers.

        Raises
        ------
        BadExamples
            If two hundred batches in a row have fewer.
        """
        for _ in range(TRIES):
            crops = [self._crop() for _ in range(self.batch)]
            views, truth, measured = (np.stack(part) for part in zip(*crops, strict=True))
            if np.count_nonzero(truth) >= LEAST_POSITIVE:
                return Batch(views.astype(np.float32), truth.astype(np.float32), measured.astype(np.float32))
        raise BadExamples(
            f"Batches of {self.batch} crops of {self.side}³ voxels rarely contain {LEAST_POSITIVE} voxels of movers."
            " Add cubes with more or larger masks, or use larger crops."
        )

    def _crop(self) -> tuple[NDArray[np.float16], NDArray[np.bool_], NDArray[np.bool_]]:
        row, corner = self._aimed() if self.random.random() < AIMED else self._anywhere()
        example, way = self.examples[row], int(self.random.integers(SYMMETRIES))
        shape = (self.side,) * 3
        views = cut(example.views, corner, shape)
        truth = cut(example.mask.astype(bool), corner, shape)
        whole = np.ones(example.mask.shape, bool) if example.measured is None else example.measured
        measured = cut(whole, corner, shape)
        return turned(views, way), turned(truth, way), turned(measured, way)

    def _aimed(self) -> tuple[int, Shape]:
        row, number = self.movers[self.random.integers(len(self.movers))]
        mask = self.examples[row].mask
        places = np.flatnonzero(mask == number)
        place = np.unravel_index(places[self.random.integers(len(places))], mask.shape)
        # The mover may be anywhere in the crop except at its very edge.
        within = self.random.integers(self.side // 8, self.side - self.side // 8, 3)
        return row, self._inside(mask.shape, np.array(place) - within)

    def _anywhere(self) -> tuple[int, Shape]:
        row = int(self.random.integers(len(self.examples)))
        shape = self.examples[row].mask.shape
        return row, self._inside(shape, [self.random.integers(0, max(1, side - self.side + 1)) for side in shape])

    def _inside(self, shape: tuple[int, ...], corner: object) -> Shape:
        t, y, x = np.clip(np.asarray(corner), 0, np.maximum(0, np.array(shape) - self.side)).tolist()
        return t, y, x


def cut(cube: NDArray[Any], corner: Shape, shape: Shape) -> NDArray[Any]:
    """Return a crop (…, T, Y, X) from a corner; outside the cube it is 0."""
    place: Any = (..., *(slice(start, start + length) for start, length in zip(corner, shape, strict=True)))
    part = cube[place]
    missing = [(0, length - side) for length, side in zip(shape, part.shape[-3:], strict=True)]
    return np.pad(part, [(0, 0)] * (cube.ndim - 3) + missing) if any(map(any, missing)) else part
