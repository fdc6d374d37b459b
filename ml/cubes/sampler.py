"""Sample training crops that contain movers: labelled ones, or simulated ones in real cubes without masks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.cubes.augment import SYMMETRIES, apply_symmetry
from ml.cubes.input_channels import channels_and_mask, half_precision
from ml.data.dataset import BadExamples
from ml.simulate.injection.cube_injection import inject_cube, noise_of_frames
from ml.simulate.tess.tess_movers import FAINTEST, draw_movers

LEAST_POSITIVE = 100  # voxels of movers in every batch (Powell et al., section VI.2)
AIMED = 0.75  # fraction of crops centred on a mover; the others are random
TRIES = 200
Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Example:
    """One training cube, compact enough that hundreds fit into memory.

    Attributes
    ----------
    channels
        (C, T, Y, X) float16; see `ml.cubes.input_channels`.
    mask
        (T, Y, X) uint8: 0 empty, else the number of the object.
    measured
        (T, Y, X) bool, or None if every voxel is measured.
    """

    name: str
    group: str
    channels: NDArray[np.float16]
    mask: NDArray[np.uint8]
    measured: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class VoxelBatch:
    """Crops: input channels (B, C, T, Y, X), and 0 or 1 for truth and for measured (B, T, Y, X); float32."""

    channels: NDArray[np.float32]
    truth: NDArray[np.float32]
    measured: NDArray[np.float32]


class Crops:
    """Batches of crops, each under one of the sixteen symmetries.

    Raises BadExamples if no cube holds a mover.

    Parameters
    ----------
    examples
        Cubes of any sizes; one smaller than a crop is padded with missing voxels.
    side
        Voxels of a crop along T, Y and X.
    batch
        Crops in a batch.
    seed
        The same seed draws the same batches.
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

    def draw(self) -> VoxelBatch:
        """Return the next batch, with at least 100 voxels of movers.

        Raises BadExamples if two hundred batches in a row have fewer.
        """
        for _ in range(TRIES):
            crops = [self._crop() for _ in range(self.batch)]
            channels, truth, measured = (np.stack(part) for part in zip(*crops, strict=True))
            if np.count_nonzero(truth) >= LEAST_POSITIVE:
                return VoxelBatch(channels.astype(np.float32), truth.astype(np.float32), measured.astype(np.float32))
        raise BadExamples(
            f"Batches of {self.batch} crops of {self.side}³ voxels rarely contain {LEAST_POSITIVE} voxels of movers."
            " Add cubes with more or larger masks, or use larger crops."
        )

    def _crop(self) -> tuple[NDArray[np.float16], NDArray[np.bool_], NDArray[np.bool_]]:
        row, corner = self._aimed() if self.random.random() < AIMED else self._anywhere()
        example, way = self.examples[row], int(self.random.integers(SYMMETRIES))
        shape = (self.side,) * 3
        channels = crop_of(example.channels, corner, shape)
        truth = crop_of(example.mask.astype(bool), corner, shape)
        whole = np.ones(example.mask.shape, bool) if example.measured is None else example.measured
        measured = crop_of(whole, corner, shape)
        return apply_symmetry(channels, way), apply_symmetry(truth, way), apply_symmetry(measured, way)

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


def crop_of(cube: NDArray[Any], corner: Shape, shape: Shape) -> NDArray[Any]:
    """Return a crop (…, T, Y, X) from a corner; outside the cube it is 0."""
    place: Any = (..., *(slice(start, start + length) for start, length in zip(corner, shape, strict=True)))
    part = cube[place]
    missing = [(0, length - side) for length, side in zip(shape, part.shape[-3:], strict=True)]
    return np.pad(part, [(0, 0)] * (cube.ndim - 3) + missing) if any(map(any, missing)) else part


MOVERS = 3.0  # on average in a cube
TESS_NOISE = 0.3  # electrons per second, as in the simulated cubes (docs/simulations.md)


def injected(flux: NDArray[Any], name: str, group: str, *, cadence: float, seed: int) -> Example:
    """Return a cube with simulated movers, and their mask.

    Parameters
    ----------
    flux
        (T, Y, X) in any unit, NaN where nothing was measured, without movers.
    name, group
        Name of the example, and its split group.
    cadence
        Seconds between frames.
    seed
        The same seed draws the same movers.

    Returns
    -------
    An example whose movers are as far above this cube's noise as those of `ml.simulate.tess.tess_cubes` above TESS'.
    """
    rng = np.random.default_rng(seed)
    flux = np.asarray(flux, dtype=np.float32)
    movers = draw_movers(rng, max(1, int(rng.poisson(MOVERS))), flux.shape, cadence, FAINTEST)
    noise = noise_of_frames(flux)
    typical = float(np.median(noise[noise > 0])) if (noise > 0).any() else TESS_NOISE
    movers.light = movers.light * (typical / TESS_NOISE)
    made = inject_cube(flux, movers)
    channels, measured = channels_and_mask(made.flux)
    whole = None if measured.all() else measured
    return Example(name, group, half_precision(channels), made.mask, whole)
