"""Train the tracklet network on chips' class scores."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ml.loss import weighted_mean
from ml.models.tracklet import CHIPS, TrackletNet, first_four

EPOCHS, STEPS = 8, 25
REAL_WEIGHT = 4.0  # a lost asteroid costs more than a bogus one looked at: ATLAS' α₂ : α₁ = 4 : 1
Report = Callable[[int, float, TrackletNet], None]


def fit(
    log_scores: Tensor,
    real: NDArray[Any],
    weights: NDArray[Any],
    positive: list[int],
    *,
    seed: int,
    report: Report | None = None,
) -> TrackletNet:
    """Fit the perceptron on tracklets whose chips were scored by a head that never saw them.

    Parameters
    ----------
    log_scores
        (N, F, K) log class probabilities of the chips.
    real, weights
        (N,) the label's share of real in 0..1, and trust.
    positive
        Columns of the real classes.
    seed
        Of the first weights and of the order of the chips, which is shuffled at every step: it says nothing.
    report
        Called after each epoch with its number, the loss and the network.

    Returns
    -------
    A network in eval mode; its loss weighed real tracklets 4 : 1, so it leans to real until `calibrated`.
    """
    chips = first_four(log_scores)
    y, w = torch.from_numpy(np.asarray(real)).float(), torch.from_numpy(np.asarray(weights)).float()
    w = w * (1 + (REAL_WEIGHT - 1) * y)
    random = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = TrackletNet(chips.shape[2], positive)
    optimiser = torch.optim.AdamW(net.parameters(), lr=0.01, weight_decay=0.05)
    for epoch in range(1, EPOCHS + 1):
        for _ in range(STEPS):
            order = torch.rand(len(chips), CHIPS, generator=random).argsort(1)
            shuffled = chips.gather(1, order[..., None].expand_as(chips))
            loss = weighted_mean(functional.binary_cross_entropy_with_logits(net(shuffled), y, reduction="none"), w)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        if report is not None:
            report(epoch, float(loss.detach()), net)
    return net.eval()


def calibrate(net: TrackletNet, logits: Tensor, real: NDArray[Any], weights: NDArray[Any]) -> None:
    """Shift and scale the network's logits, in place, so that they are probabilities on unseen tracklets.

    Platt's two numbers (1999, Probabilistic Outputs for Support Vector Machines). This undoes the 4 : 1 tilt of the
    probability, and keeps the order that it taught. `logits` (N,) are the network's, or its like's, on tracklets that
    it did not learn from.
    """
    y, w = torch.from_numpy(np.asarray(real)).float(), torch.from_numpy(np.asarray(weights)).float()
    slope, offset = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.LBFGS([slope, offset], max_iter=50, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        scaled = logits * slope.exp() + offset
        loss = weighted_mean(functional.binary_cross_entropy_with_logits(scaled, y, reduction="none"), w)
        loss = loss + 0.01 * (slope.square() + offset.square()).sum()  # few tracklets must not make it certain
        loss.backward()
        return loss

    optimiser.step(closure)
    _fold(net, float(slope.detach().exp()), float(offset.detach()))


def _fold(net: TrackletNet, slope: float, offset: float) -> None:
    with torch.no_grad():
        net.scale.mul_(slope)
        net.out.weight.mul_(slope)
        net.out.bias.mul_(slope).add_(offset)
