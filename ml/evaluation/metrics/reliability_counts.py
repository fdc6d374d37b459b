"""Streaming reliability counts, for any number of voxels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.binomial import share
from ml.evaluation.metrics.calibration import diagram

ECE_BINS, DIAGRAM_BINS = 15, 10  # as those of subjects
CELLS = 30  # of equal width over 0..1, which can be merged into either
CHUNK = 4_000_000  # voxels per block
Array = NDArray[Any]


class ReliabilityCounts:
    """Counts of probabilities, accumulated cube by cube.

    Attributes
    ----------
    cells
        (3, 30): counts, real counts, and the sum of their probabilities. Those of other processes can be added.
    """

    def __init__(self) -> None:
        self.cells = np.zeros((3, CELLS))

    def add(self, p: Array, real: Array) -> None:
        """Count voxels.

        Parameters
        ----------
        p
            Any shape, 0..1; NaN is left out.
        real
            Same shape, bool.

        Raises
        ------
        ValueError
            If shapes differ or a probability is outside 0..1.
        """
        if p.shape != real.shape:
            raise ValueError(f"Shapes differ: probabilities {p.shape}, truth {real.shape}.")
        flat = p.ravel(), real.ravel()
        for start in range(0, p.size, CHUNK):
            self._count(*(values[start : start + CHUNK] for values in flat))

    def ece(self) -> float:
        """Return the expected calibration error, 0..1; NaN without counts."""
        return float(ece_of(self.cells))

    def diagram(self) -> dict[str, Array]:
        """Return the reliability diagram, as `ml.evaluation.metrics.reliability` does."""
        return diagram(*_folded(self.cells, DIAGRAM_BINS))

    def _count(self, p: Array, real: Array) -> None:
        fine = ~np.isnan(p)
        p, real = p[fine].astype(np.float64), real[fine]
        if p.size and (p.min() < 0 or p.max() > 1):
            raise ValueError("Probabilities must lie from 0 to 1. Give probabilities, not logits.")
        cell = np.minimum((p * CELLS).astype(np.intp), CELLS - 1)
        for row, weights in enumerate((None, real, p)):
            self.cells[row] += np.bincount(cell, weights, minlength=CELLS)


def ece_of(cells: Array) -> NDArray[np.float64]:
    """Return the expected calibration error (…) of cells (…, 3, 30); NaN without counts."""
    n, real, said = np.moveaxis(_folded(cells, ECE_BINS), -2, 0)
    return share(np.abs(said - real).sum(-1), n.sum(-1))


def shares_of(cells: Array) -> NDArray[np.float64]:
    """Return the fraction (…, 10) of real in each bin of the diagram, of cells (…, 3, 30); NaN in an empty bin."""
    n, real, _ = np.moveaxis(_folded(cells, DIAGRAM_BINS), -2, 0)
    return share(real, n)


def _folded(cells: Array, bins: int) -> NDArray[np.float64]:
    return cells.reshape(*cells.shape[:-1], bins, -1).sum(-1)
