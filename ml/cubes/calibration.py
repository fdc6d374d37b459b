"""Let a network's probability be the share of voxels that do hold a mover: crops aimed at movers teach it too many."""

import numpy as np
import torch

from ml.metrics import VoxelHistogram
from ml.models.wnet import WNet


def calibrate(network: WNet, seen: VoxelHistogram) -> tuple[float, float]:
    """Scale and shift a network's logits by the numbers that suit best what it said of voxels it has not learnt from.

    Platt 1999, *Probabilistic Outputs for Support Vector Machines*: logit ← a · logit + b, of the greatest likelihood.
    Both become part of the last layer, and the order of the voxels stays what it was.

    Parameters
    ----------
    network
        Its last layer is changed.
    seen
        Of whole cubes, not of crops.

    Returns
    -------
    a and b; 1 and 0, and the network as it was, where no voxel is a mover's, or more likely so the less it was
    believed: nothing can be learnt from that.
    """
    from sklearn.linear_model import LogisticRegression  # some seconds of import, for training alone

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
