"""Voxel metrics on validation cubes during training, and calibration by them."""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray

from ml.cubes.model import CubeModel
from ml.cubes.sampler import Example
from ml.evaluation.metrics.voxel_histogram import VoxelHistogram
from ml.models.wnet import WNet
from ml.training.calibration import fit_platt

EVERY = (float("inf"),)  # one limit: every mover counts


class Validation:
    """Counts of the voxels of some cubes, and the Dice loss over all of them."""

    def __init__(self) -> None:
        self.histogram = VoxelHistogram(EVERY)
        self._overlap = self._total = 0.0

    def add(self, p: NDArray[np.float32], example: Example) -> None:
        """Count one cube's probabilities (T, Y, X)."""
        truth = example.mask > 0
        measured = np.ones(p.shape, bool) if example.measured is None else example.measured
        self.histogram.add(np.where(measured, p, np.nan), np.where(truth, 0.0, np.nan))
        self._overlap += float(p[measured & truth].sum())
        self._total += float(p[measured].sum()) + np.count_nonzero(measured & truth)

    @property
    def dice_loss(self) -> float:
        """Return 1 - 2 Σ p g / (Σ p + Σ g); 1 without any voxel."""
        return 1 - 2 * self._overlap / self._total if self._total else 1.0

    def figures(self) -> dict[str, float]:
        """Return the ROC AUC and the average precision of all movers against the empty sky."""
        curve = self.histogram.curve(extreme=0)
        return {"roc_auc": curve.roc_auc(), "pr_auc": curve.pr_auc()}

    def threshold(self) -> float:
        """Return the threshold with the best F1, 2 TP / (TP + FP + P); ½ without positives."""
        curve = self.histogram.curve(extreme=0, compensate=False)
        if not curve.hits[0]:
            return 0.5
        f1 = 2 * curve.hits / (curve.hits + curve.false + curve.hits[0])
        # Never 0, which would report every voxel as a mover.
        return max(float(curve.lower[int(np.argmax(f1))]), 1 / self.histogram.bins)


def validate(model: CubeModel, examples: Iterable[Example]) -> Validation:
    """Run a model over whole cubes, and accumulate the counts."""
    validation = Validation()
    for example in examples:
        validation.add(model.probabilities(example.channels.astype(np.float32)), example)
    return validation


def calibrate(network: WNet, histogram: VoxelHistogram) -> tuple[float, float]:
    """Fold the scale and shift of `fit_platt` into a network's last layer, and return them.

    Parameters
    ----------
    network
        Its last layer is changed in place.
    histogram
        What it said of whole cubes that it has not learnt from.
    """
    p = (torch.arange(histogram.bins) + 0.5) / histogram.bins
    counts = torch.from_numpy(np.concatenate([histogram.positives.sum(0), histogram.negatives]))
    real = torch.arange(2 * histogram.bins) < histogram.bins
    scale, shift = fit_platt(p.logit().repeat(2), real, counts)
    with torch.no_grad():
        network.out.weight.mul_(scale)
        network.out.bias.mul_(scale).add_(shift)  # type: ignore[union-attr]
    return scale, shift
