"""Voxel PR, ROC and reliability, for the network and for raw pixels, with intervals by cube."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.cubes.cube import Cube
from ml.evaluation.metrics.bootstrap import band, bootstrap_weights, interval
from ml.evaluation.metrics.calibration_error import ReliabilityCounts, ece_of, fractions_of_real
from ml.evaluation.metrics.voxel_histogram import EXTREME, VoxelHistogram

LIMITS = (18.0, 19.0, 20.0, 21.0)
AREAS = ("roc_auc", "pr_auc")
FIGURES = tuple(name for area in AREAS for name in (area, f"{area}_all", f"raw_{area}", f"margin_{area}"))
BLOCKS = 300  # number of sums over groups for the bootstrap, so that memory does not grow with the number of cubes
DRAWS = 200
Figures = dict[str, list[float]]


class VoxelCounts:
    """Histograms of the network's probabilities and of the raw pixels, and reliability counts.

    Parameters
    ----------
    limits
        Magnitudes, ascending.
    """

    def __init__(self, limits: tuple[float, ...] = LIMITS) -> None:
        self.limits = limits
        self.network, self.raw = VoxelHistogram(limits), VoxelHistogram(limits)
        self.reliability = ReliabilityCounts()
        self._blocks: dict[int, NDArray[np.int32]] = {}
        self._cells: dict[int, NDArray[np.float64]] = {}
        self._groups: dict[str, int] = {}

    def add(self, p: NDArray[np.float32], cube: Cube) -> None:
        """Count one cube: probabilities (T, Y, X), and its background-subtracted pixels as the raw score.

        Unmeasured voxels count as not scored.
        """
        real = cube.mask > 0 if cube.mask is not None else np.zeros(p.shape, bool)
        mag = np.where(real, cube.magnitudes(), np.nan)
        both = []
        for total, score in ((self.network, p), (self.raw, raw_score(cube.change))):
            one = VoxelHistogram(self.limits)
            one.add(np.where(cube.measured, score, np.nan), mag, real)
            total.merge(one)
            both.append(np.vstack([one.negatives, one.positives]))
        group = self._groups.setdefault(cube.group, len(self._groups)) % BLOCKS
        counts = np.stack(both).astype(np.int32)
        self._blocks[group] = self._blocks.get(group, 0) + counts
        counts_of_one = ReliabilityCounts()
        counts_of_one.add(np.where(cube.measured, p, np.nan), real)
        self.reliability.cells += counts_of_one.cells
        self._cells[group] = self._cells.get(group, 0) + counts_of_one.cells

    def draws(self, seed: int, n: int) -> list[tuple[VoxelHistogram, VoxelHistogram]]:
        """Return the network's and the raw histogram in n bootstrap samples of whole groups."""
        blocks = np.stack([self._blocks[key] for key in sorted(self._blocks)])
        drawn = []
        for weights in bootstrap_weights(np.arange(len(blocks)), n, seed):
            for row in weights:
                counts = np.tensordot(row, blocks, axes=1)
                drawn.append((self._histogram(counts[0]), self._histogram(counts[1])))
        return drawn

    def reliability_draws(self, seed: int, n: int) -> NDArray[np.float64]:
        """Return the cells (n, 3, 30) of `ReliabilityCounts` in n bootstrap samples of whole groups."""
        blocks = np.stack([self._cells[key] for key in sorted(self._cells)])
        weights = np.concatenate(list(bootstrap_weights(np.arange(len(blocks)), n, seed)))
        return np.tensordot(weights, blocks, axes=1)

    def _histogram(self, counts: NDArray[np.float64]) -> VoxelHistogram:
        made = VoxelHistogram(self.limits)
        made.negatives, made.positives = counts[0].astype(np.int64), counts[1:].astype(np.int64)
        return made


def raw_score(change: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a score 0..1, of any shape, that increases with a voxel's S/N x: 1 / (1 + exp(1 - x / 2)); NaN stays.

    Only its order matters: thresholding it is thresholding the pixels.
    """
    score = 1 / (1 + np.exp(1 - np.clip(change, -40, 40) / 2))
    return score.astype(np.float32, copy=False)


def areas(network: VoxelHistogram, raw: VoxelHistogram) -> Figures:
    """Return areas under the curves at every limit.

    roc_auc and pr_auc leave out the extreme bins as in the paper; roc_auc_all and pr_auc_all include everything; raw_*
    are those of the pixels, also with everything, and margin_* is *_all minus raw_*.
    """
    found: Figures = {}
    for limit in network.limits:
        without_extremes, all_of_it, pixels = (
            network.curve(limit, EXTREME),
            network.curve(limit, 0),
            raw.curve(limit, 0),
        )
        for area in AREAS:
            ours, theirs = getattr(all_of_it, area)(), getattr(pixels, area)()
            values = getattr(without_extremes, area)(), ours, theirs, ours - theirs
            for name, value in zip((area, f"{area}_all", f"raw_{area}", f"margin_{area}"), values, strict=True):
                found.setdefault(name, []).append(value)
    return found


def limit_table(counts: VoxelCounts, seed: int, draws: int = DRAWS) -> list[dict[str, Any]]:
    """Return one row per limit: its metrics with their 95 % intervals by cube, and the counts."""
    figures = areas(counts.network, counts.raw)
    drawn = [areas(*pair) for pair in counts.draws(seed, draws)]
    rows = []
    for place, limit in enumerate(counts.limits):
        curve = counts.network.curve(limit, 0, compensate=False)
        rows.append(
            {
                "limit": limit,
                "positives": int(curve.hits[0]),
                "negatives": int(curve.false[0]),
                "baseline": counts.network.curve(limit, 0).baseline,
                "ignored": ignored(counts.network, place),
                **{name: values[place] for name, values in figures.items()},
                "intervals": {name: interval(np.array([draw[name][place] for draw in drawn])) for name in figures},
            }
        )
    return rows


def ignored(histogram: VoxelHistogram, place: int) -> dict[str, float]:
    """Return the fractions of positives (to a limit) and negatives in the extreme bins."""
    cut = round(EXTREME * histogram.bins)
    positives, negatives = histogram.positives[: place + 1].sum(0), histogram.negatives
    fractions = {}
    for name, part in (("positives", positives), ("negatives", negatives)):
        outside = part[:cut].sum() + part[-cut:].sum()
        fractions[name] = float(outside / part.sum()) if part.sum() else float("nan")
    return fractions


@dataclass(frozen=True)
class Reliability:
    """The expected calibration error, the ends of its 95 % interval, and the bins of the reliability diagram."""

    ece: float
    span: tuple[float, float]
    bins: dict[str, NDArray[Any]]


def voxel_reliability(counts: VoxelCounts, seed: int, draws: int = DRAWS) -> Reliability:
    """Return the calibration of all measured voxels, with movers of any magnitude; nothing is ignored.

    Intervals resample whole groups of cubes, since the voxels of one mover are correlated; those of the bins are no
    narrower than Jeffreys'.
    """
    drawn = counts.reliability_draws(seed, draws)
    bins = counts.reliability.diagram()
    low, high = band(fractions_of_real(drawn))
    bins |= {"low": np.fmin(bins["low"], low), "high": np.fmax(bins["high"], high)}
    return Reliability(counts.reliability.ece(), interval(ece_of(drawn)), bins)
