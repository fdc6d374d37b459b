"""Train tracklet networks on the class scores of their stamps: ours, and the paper's."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ml.models.deep_sets import SetNet
from ml.models.paper_mlp import PaperNet, first_four
from ml.sky.tracklet_features import GROUPS, RESIDUAL
from ml.training.losses import weighted_mean

EPOCHS, BATCH = 8, 256
FEW, MANY = 20, 75  # steps in an epoch
RATE, DECAY = 0.01, 0.05
FORGET = 0.3  # dropout of a group of facts, so that any of them can be missing
CROOKED, ABOVE = 0.25, (0.3, 2.5)  # fraction of copies of real tracklets, and their increase of the residual in decades
REAL_WEIGHT = 4.0  # a lost asteroid costs more than a bogus one looked at: ATLAS' α₂ : α₁ = 4 : 1
PAPER_RATE, PAPER_DECAY, PAPER_EPOCHS, PAPER_PATIENCE = 0.1, 0.9, 30, 4
Report = Callable[[int, float, nn.Module], None]


@dataclass(frozen=True)
class Inputs:
    """Inputs of N tracklets: log class scores (N, F, K), present ones (N, F), facts (N, D) with NaN; and labels.

    `real` and `weights` (N,) are the label's probability of real in 0..1, and its sample weight.
    """

    log_scores: Tensor
    present: Tensor
    facts: Tensor
    real: Tensor
    weights: Tensor

    def __len__(self) -> int:
        return len(self.real)

    def take(self, rows: NDArray[np.intp] | Tensor) -> "Inputs":
        """Return some rows."""
        at = torch.as_tensor(rows)
        return Inputs(self.log_scores[at], self.present[at], self.facts[at], self.real[at], self.weights[at])

    def logits(self, net: nn.Module) -> Tensor:
        """Return a network's logits (N,)."""
        with torch.no_grad():
            said: Tensor = net(self.log_scores, self.present, self.facts)
        return said


def fit_set(inputs: Inputs, positive: list[int], *, seed: int, report: Report | None = None) -> SetNet:
    """Train the set network, in 160 to 600 steps: more than 1,875 tracklets take no longer.

    Parameters
    ----------
    inputs
        Tracklets with out-of-sample chip scores.
    positive
        Columns of the real classes.
    seed
        Seeds initial weights, batches, and dropout of facts.
    report
        Called after each of `EPOCHS` epochs with its number, the loss and the network.

    Returns
    -------
    A network in eval mode; its loss weights real tracklets 4 : 1, so it is biased to real until `calibrate`.

    Notes
    -----
    A quarter of the real tracklets are added again as bogus ones with a large residual: chips of two asteroids, or of a
    satellite, look real, and labels of such tracklets are rare.
    """
    random = torch.Generator().manual_seed(seed)
    inputs, copies = _with_crooked(inputs, random)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = SetNet(inputs.log_scores.shape[2], positive, inputs.facts.shape[1])
    net.learn_scale(inputs.facts[copies:])
    weights = inputs.weights * (1 + (REAL_WEIGHT - 1) * inputs.real)
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
    steps = min(max(len(inputs) // 25, FEW), MANY)
    for epoch in range(1, EPOCHS + 1):
        for step in range(steps):
            progress = ((epoch - 1) * steps + step) / (EPOCHS * steps)
            optimiser.param_groups[0]["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * progress))
            rows = torch.randperm(len(inputs), generator=random)[:BATCH]
            part = inputs.take(rows)
            logits = net(part.log_scores, part.present, _partly_hidden(part.facts, rows < copies, random))
            each = functional.binary_cross_entropy_with_logits(logits, part.real, reduction="none")
            loss = weighted_mean(each, weights[rows] + 1e-12)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        if report is not None:
            report(epoch, float(loss.detach()), net)
    return net.eval()


def _with_crooked(inputs: Inputs, random: torch.Generator) -> tuple[Inputs, int]:
    """Prepend copies of some real tracklets with a large residual, as bogus; return all, and the number of copies."""
    residual = inputs.facts[:, RESIDUAL]
    straight = torch.nonzero((inputs.real > 0.5) & residual.isfinite())[:, 0]
    n = round(CROOKED * len(straight))
    if not n:
        return inputs, 0
    usual = float(residual[straight].quantile(0.99))
    chosen = straight[torch.randperm(len(straight), generator=random)[:n]]
    both = inputs.take(torch.cat([chosen, torch.arange(len(inputs))]))
    both.real[:n] = 0.0
    both.facts[:n, RESIDUAL] = usual + ABOVE[0] + (ABOVE[1] - ABOVE[0]) * torch.rand(n, generator=random)
    return both, n


def _partly_hidden(facts: Tensor, keep: Tensor, random: torch.Generator) -> Tensor:
    """Return the facts with random groups dropped; for rows to `keep`, the residual stays."""
    hidden = facts.clone()
    for group in GROUPS:
        hidden[torch.rand(len(facts), generator=random) < FORGET, group[0] : group[-1] + 1] = torch.nan
    hidden[keep, RESIDUAL] = facts[keep, RESIDUAL]
    return hidden


def calibrate(net: SetNet, logits: Tensor, real: Tensor, weights: Tensor) -> None:
    """Calibrate the network in place by Platt scaling, on unseen tracklets.

    Platt's two parameters (1999, Probabilistic Outputs for Support Vector Machines). This corrects the probabilities
    for the 4 : 1 loss weights, and keeps their order. `logits` (N,) are those of this network, or one like it, on
    held-out tracklets.
    """
    slope, offset = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.LBFGS([slope, offset], max_iter=50, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        scaled = logits * slope.exp() + offset
        loss = weighted_mean(functional.binary_cross_entropy_with_logits(scaled, real, reduction="none"), weights)
        loss = loss + (slope.square() + offset.square()).sum() / len(logits)  # regularises fits to few tracklets
        loss.backward()
        return loss

    optimiser.step(closure)
    net.platt.copy_(torch.cat([slope.detach().exp(), offset.detach()]))


def fit_paper(train: Inputs, held: Inputs, *, seed: int, report: Report | None = None) -> PaperNet:
    """Train the paper's perceptron as in its section 3.2.2 and Table 3.

    Squared error, 4 times for real tracklets; stochastic gradient descent with learning rate 0.1 and batches of one,
    decaying by a tenth per epoch (the paper gives no value); early stopping on the `held` tracklets with a patience of
    four epochs.
    """
    chips, y = first_four(train.log_scores, train.present).exp(), train.real
    weights = train.weights * (1 + (REAL_WEIGHT - 1) * y)
    random = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = PaperNet(chips.shape[2])
    optimiser = torch.optim.SGD(net.parameters(), lr=PAPER_RATE)
    best, kept, waited = math.inf, copy.deepcopy(net.state_dict()), 0
    for epoch in range(1, PAPER_EPOCHS + 1):
        optimiser.param_groups[0]["lr"] = PAPER_RATE * PAPER_DECAY ** (epoch - 1)
        for row in torch.randperm(len(train), generator=random).split(1):
            loss = (weights[row] * (net.of_four(chips[row]).sigmoid() - y[row]) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        now = float(weighted_error(net, held))
        if report is not None:
            report(epoch, now, net)
        waited = 0 if now < best else waited + 1
        if now < best:
            best, kept = now, copy.deepcopy(net.state_dict())
        if waited >= PAPER_PATIENCE:
            break
    net.load_state_dict(kept)
    return net.eval()


def weighted_error(net: nn.Module, inputs: Inputs) -> Tensor:
    """Return the paper's loss: the mean of α (x - y)², α = 1 for bogus and 4 for real."""
    weights = inputs.weights * (1 + (REAL_WEIGHT - 1) * inputs.real)
    off: Any = inputs.logits(net).sigmoid() - inputs.real
    return (weights * off**2).sum() / inputs.weights.sum()
