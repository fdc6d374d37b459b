"""The loss of labels that allow several classes."""

import torch
from torch import Tensor


def partial_label_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return -log Σ_k t_k p_k for each row.

    Parameters
    ----------
    logits
        (N, K).
    targets
        (N, K) in 0..1, at least one above 0 in each row: the classes that the label allows. One-hot rows give the
        ordinary cross entropy; a row that allows every real class only asks that their sum be near 1
        (Jin & Ghahramani 2002, NIPS, Learning with Multiple Labels).

    Returns
    -------
    (N,), at least 0 for targets up to 1.
    """
    return -torch.logsumexp(logits.log_softmax(1) + targets.clamp(min=1e-12).log(), dim=1)


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Return Σ w v / Σ w."""
    return (values * weights).sum() / weights.sum()
