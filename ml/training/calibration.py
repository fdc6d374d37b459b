"""Calibration of probabilities on examples that were not learnt from: temperature scaling, and Platt's two numbers."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from ml.training.losses import partial_label_loss, weighted_mean

LOWEST, HIGHEST, TRIED = 0.05, 20.0, 120  # temperatures


def fit_temperature(logits: Tensor, targets: Tensor, weights: Tensor) -> float:
    """Return the temperature, 0.05..20, by which class scores are best divided.

    Guo et al. 2017, ICML, On Calibration of Modern Neural Networks. A grid is enough: the loss is smooth in it.

    Parameters
    ----------
    logits, targets
        (N, K) scores, and targets of `partial_label_loss`.
    weights
        (N,) sample weights.
    """
    grid = torch.logspace(math.log10(LOWEST), math.log10(HIGHEST), TRIED)
    losses = torch.stack([weighted_mean(partial_label_loss(logits / value, targets), weights) for value in grid])
    return float(grid[losses.argmin()])


def fit_platt(logits: Tensor, real: Tensor, weights: Tensor) -> tuple[float, float]:
    """Return scale and shift of logits, scale · logit + shift, of the greatest likelihood.

    Platt 1999, Probabilistic Outputs for Support Vector Machines. The order of the logits stays what it was.

    Parameters
    ----------
    logits
        (N,) of being real.
    real
        (N,) in 0..1, what is so.
    weights
        (N,) sample weights, or counts. As few as a handful do not make the result certain: a Gaussian prior of width 1
        on ln scale and on shift counts as one of them.

    Returns
    -------
    1 and 0 where all is of one kind, or the higher logits are more often wrong: nothing can be learnt from that.
    """
    logits, real, weights = (values.double() for values in (logits, real, weights))
    sides = [side * weights for side in (real, 1 - real)]
    if not all(side.any() for side in sides) or weighted_mean(logits, sides[0]) <= weighted_mean(logits, sides[1]):
        return 1.0, 0.0
    log_scale, shift = (torch.zeros(1, dtype=torch.double, requires_grad=True) for _ in range(2))
    optimiser = torch.optim.LBFGS([log_scale, shift], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        scaled = logits * log_scale.exp() + shift
        loss = weighted_mean(functional.binary_cross_entropy_with_logits(scaled, real, reduction="none"), weights)
        loss = loss + (log_scale.square() + shift.square()).sum() / weights.sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    return float(log_scale.detach().exp()), float(shift.detach())
