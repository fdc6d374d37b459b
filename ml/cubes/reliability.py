"""Reliability of voxel probabilities: calibration error and diagram, with intervals by group of cubes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.cubes.voxel_metrics import DRAWS, VoxelCounts
from ml.evaluation.metrics.bootstrap import band, interval
from ml.evaluation.metrics.reliability_counts import ece_of, shares_of


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
    low, high = band(shares_of(drawn))
    bins |= {"low": np.fmin(bins["low"], low), "high": np.fmax(bins["high"], high)}
    return Reliability(counts.reliability.ece(), interval(ece_of(drawn)), bins)
