"""Partial-label loss: for labels that allow several classes, or soft labels."""

import torch
from torch import Tensor


def partial_label_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return -log Σ_k t_k p_k for each row that allows several classes, and -Σ_k t_k log p_k for one that sums to 1.

    Parameters
    ----------
    logits
        (N, K).
    targets
        (N, K) in 0..1, at least one above 0 in each row. A row that sums to more than 1 allows each of its classes:
        only their summed probability matters (Jin & Ghahramani 2002, NIPS, Learning with Multiple Labels). A row that
        sums to 1 is a posterior, such as a consensus: the loss is minimal at p = t. A one-hot row is both, and gives
        the ordinary cross entropy.

    Returns
    -------
    (N,), at least 0.
    """
    log_p = logits.log_softmax(1)
    allowed = -torch.logsumexp(log_p + targets.clamp(min=1e-12).log(), dim=1)
    return torch.where(targets.sum(1) > 1 + 1e-4, allowed, -(targets * log_p).sum(1))


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Return Σ w v / Σ w."""
    return (values * weights).sum() / weights.sum()
