"""Losses of the W-Net over the measured voxels of a batch: Dice and cross entropy."""

from torch import Tensor
from torch.nn import functional

LEAST = 1e-6  # avoids 0/0 for an empty batch


def dice_loss(p: Tensor, truth: Tensor, measured: Tensor) -> Tensor:
    """Return 1 - 2 Σ p g / (Σ p + Σ g) over all measured voxels of a batch.

    Powell et al., equations 4 and 5, after Sudre et al. 2017 (arXiv:1707.03237). Without positives it is 1 for every p
    and has no gradient, so every batch contains some.

    Parameters
    ----------
    p
        Probabilities of any shape, 0..1.
    truth, measured
        Same shape, 0 or 1: the truth, and whether the voxel counts.
    """
    overlap = (p * truth * measured).sum()
    total = ((p + truth) * measured).sum()
    return 1 - 2 * overlap / total.clamp(min=LEAST)


def cross_entropy(logits: Tensor, truth: Tensor, measured: Tensor) -> Tensor:
    """Return the mean of -ln p(truth) over all measured voxels, in nats; 0 if none is measured.

    `logits` are of any shape, the log odds of p; `truth` and `measured` as for `dice_loss`.
    """
    each = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    return (each * measured).sum() / measured.sum().clamp(min=1)
