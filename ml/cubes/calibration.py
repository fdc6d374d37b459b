"""Calibrate voxel probabilities, since training crops are centred on movers, and measure their reliability."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml.cubes.voxel_metrics import DRAWS, VoxelCounts
from ml.evaluation.metrics import VoxelHistogram, band, interval
from ml.evaluation.metrics.reliability_counts import ece_of, shares_of
from ml.models.wnet import WNet


def calibrate(network: WNet, seen: VoxelHistogram) -> tuple[float, float]:
    """Scale and shift a network's logits to fit validation voxels (Platt scaling).

    Platt 1999, *Probabilistic Outputs for Support Vector Machines*: logit ← a · logit + b, by maximum likelihood. Both
    become part of the last layer; the order of the voxels does not change.

    Parameters
    ----------
    network
        Its last layer is changed in place.
    seen
        Of whole cubes, not of crops.

    Returns
    -------
    a and b; 1 and 0, without a change, if there is no mover voxel, or a would not be positive.
    """
    from sklearn.linear_model import LogisticRegression  # takes seconds to import, and only training needs it

    positives = seen.positives.sum(0)
    if not positives.any() or not seen.negatives.any():
        return 1.0, 0.0
    p = (np.arange(seen.bins) + 0.5) / seen.bins
    logits = np.log(p / (1 - p))
    fitted = LogisticRegression(C=np.inf).fit(
        np.tile(logits, 2)[:, None],
        np.repeat([True, False], seen.bins),
        sample_weight=np.concatenate([positives, seen.negatives]),
    )
    scale, shift = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    if scale <= 0:
        return 1.0, 0.0
    with torch.no_grad():
        network.out.weight.mul_(scale)
        network.out.bias.mul_(scale).add_(shift)  # type: ignore[union-attr]
    return scale, shift


@dataclass(frozen=True)
class Reliability:
    """The expected calibration error, the ends of its 95 % interval, and the bins of the reliability diagram."""

    ece: float
    span: tuple[float, float]
    bins: dict[str, NDArray[Any]]


def reliability(counts: VoxelCounts, seed: int, draws: int = DRAWS) -> Reliability:
    """Return the calibration of all measured voxels, with movers of any magnitude; nothing is ignored.

    Intervals resample whole groups of cubes, since the voxels of one mover are correlated; those of the bins are no
    narrower than Jeffreys'.
    """
    drawn = counts.reliability_draws(seed, draws)
    bins = counts.reliability.diagram()
    low, high = band(shares_of(drawn))
    bins |= {"low": np.fmin(bins["low"], low), "high": np.fmax(bins["high"], high)}
    return Reliability(counts.reliability.ece(), interval(ece_of(drawn)), bins)
