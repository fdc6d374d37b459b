"""Partial-label loss: for labels that allow several classes, or soft labels."""

import torch
from torch import Tensor

NEVER = -1e4
"""The logarithm of a probability of nothing: finite, so that a group without classes has no gradient."""
LEAST = 1e-12  # of a sum of weights


def partial_label_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the cross entropy of each row with its label, which may allow several classes or be unsure of its side.

    Parameters
    ----------
    logits
        (N, K).
    targets
        (N, K) in 0..1, at least one above 0 in each row. A row that sums to 1 is a posterior over classes:
        -Σ_k t_k log p_k. A one-hot row gives the ordinary cross entropy. A row that sums to more allows its classes in
        one or two groups of equal t: -Σ_g t_g log Σ_{k in g} p_k / Σ_g t_g. One group asks only that the sum of its
        probabilities be near 1 (Jin & Ghahramani 2002, NIPS, Learning with Multiple Labels); two groups with t and
        1 - t are a posterior over the two sides of the question, each with several classes.

    Returns
    -------
    (N,), at least 0.
    """
    log_p = logits.log_softmax(1)
    ordinary, several = -(targets * log_p).sum(1), targets.sum(1) > 1 + 1e-4
    if not several.any():
        return ordinary
    first = targets >= targets.amax(1, keepdim=True)
    rest = ~first & (targets > 0)
    groups = torch.stack([first, rest], 1)
    t = (targets[:, None] * groups).amax(2)
    log_sums = log_p[:, None].masked_fill(~groups, NEVER).logsumexp(2)
    return torch.where(several, -(t * log_sums).sum(1) / t.sum(1), ordinary)


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Return Σ w v / Σ w, of values and weights (N,), not negative; 0 if no weight is above 0."""
    return (values * weights).sum() / weights.sum().clamp(min=LEAST)
