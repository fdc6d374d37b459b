"""Calibration metrics: log loss, expected calibration error, reliability diagrams, and their streaming counts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.binomial import jeffreys, proportion

Array = NDArray[Any]
FLOOR = 1e-7  # floor of probabilities in the log loss, to keep it finite


def log_loss(truth: Array, probabilities: Array) -> float:
    """Return the mean of -log p(true class), in nats; probabilities below 1e-7 count as 1e-7.

    Parameters
    ----------
    truth
        (N,) class numbers.
    probabilities
        (N, K), rows sum to 1.
    """
    return float(surprises(truth, probabilities).mean())


def surprises(truth: Array, probabilities: Array) -> NDArray[np.float64]:
    """Return -log p(true class) (N,) in nats, 0..16.1."""
    chosen = np.asarray(probabilities, dtype=np.float64)[np.arange(len(truth)), truth]
    return -np.log(np.clip(chosen, FLOOR, 1))


def ece(truth: Array, p_real: Array, bins: int = 15) -> float:
    """Return the expected calibration error of p_real, 0..1, over `bins` of equal width.

    Σ_b n_b/N · |mean p_real − fraction of real| (Naeini et al. 2015, AAAI, Obtaining Well Calibrated Probabilities).

    Parameters
    ----------
    truth
        (N,) bool, True for real.
    p_real
        (N,) 0..1, no NaN.
    """
    return float(weighted_ece(truth, p_real, np.ones((1, len(p_real))), bins)[0])


def weighted_ece(truth: Array, p_real: Array, weights: Array, bins: int = 15) -> NDArray[np.float64]:
    """Return the expected calibration error (b,) for each row of weights (b, N); NaN without weight."""
    gap = np.asarray(p_real, dtype=np.float64) - np.asarray(truth, dtype=np.float64)
    in_bin = np.eye(bins)[_bin_of(p_real, bins)] * gap[:, None]
    return proportion(np.abs(np.asarray(weights) @ in_bin).sum(1), np.sum(weights, axis=1))


def reliability_diagram(truth: Array, p_real: Array, bins: int = 10) -> dict[str, Array]:
    """Return the reliability diagram: mean probability and observed fraction in bins of equal width.

    Murphy & Winkler 1977, Applied Statistics 26, 41.

    Parameters
    ----------
    truth, p_real
        As for `ece`.

    Returns
    -------
    Arrays (bins,) by name: from, to (the bin's ends), n, mean (of p_real), real (fraction of real), low and high
    (Jeffreys, 95 %). The last four are NaN in an empty bin.
    """
    bin_of = _bin_of(p_real, bins)
    counts, hits = (np.bincount(rows, minlength=bins) for rows in (bin_of, bin_of[np.asarray(truth, dtype=bool)]))
    return diagram_of_counts(counts, hits, np.bincount(bin_of, weights=p_real, minlength=bins))


def diagram_of_counts(n: Array, hits: Array, total_p: Array) -> dict[str, Array]:
    """Return the same from counts (bins,): subjects, real subjects, and the sum of the probabilities."""
    edges = np.linspace(0, 1, len(n) + 1)
    low, high = jeffreys(hits, n)
    fractions = {"mean": proportion(total_p, n), "real": proportion(hits, n)}
    return {"from": edges[:-1], "to": edges[1:], "n": n.astype(np.int64), **fractions, "low": low, "high": high}


def _bin_of(p_real: Array, bins: int) -> NDArray[np.intp]:
    return np.minimum((np.asarray(p_real, dtype=np.float64) * bins).astype(np.intp), bins - 1)


ECE_BINS, DIAGRAM_BINS = 15, 10  # as those of subjects
CELLS = 30  # of equal width over 0..1, which can be merged into either
CHUNK = 4_000_000  # voxels per block


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
        """Return the reliability diagram, as `reliability_diagram` does."""
        return diagram_of_counts(*_folded(self.cells, DIAGRAM_BINS))

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
    n, real, mean_p = np.moveaxis(_folded(cells, ECE_BINS), -2, 0)
    return proportion(np.abs(mean_p - real).sum(-1), n.sum(-1))


def fractions_of_real(cells: Array) -> NDArray[np.float64]:
    """Return the fraction (…, 10) of real in each bin of the diagram, of cells (…, 3, 30); NaN in an empty bin."""
    n, real, _ = np.moveaxis(_folded(cells, DIAGRAM_BINS), -2, 0)
    return proportion(real, n)


def _folded(cells: Array, bins: int) -> NDArray[np.float64]:
    return cells.reshape(*cells.shape[:-1], bins, -1).sum(-1)
