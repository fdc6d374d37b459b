"""Train tracklet networks on the class scores of their stamps: ours, and the paper's."""

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
from ml.training.schedule import Best

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
            logits: Tensor = net(self.log_scores, self.present, self.facts)
        return logits


def fit_set(inputs: Inputs, positive: list[int], *, seed: int, report: Report | None = None) -> SetNet:
    """Train the set network, in 160 to 600 steps: more than 1,875 tracklets take no longer.

    Parameters
    ----------
    inputs
        Tracklets with out-of-sample stamp scores.
    positive
        Columns of the real classes.
    seed
        Seeds initial weights, batches, and dropout of facts.
    report
        Called after each of `EPOCHS` epochs with its number, the loss and the network.

    Returns
    -------
    A network in eval mode; its loss weighed real tracklets 4 : 1, so it leans to real until `fit_platt` undoes that.

    Notes
    -----
    A quarter of the real tracklets are added again as bogus ones with a large residual: stamps of two asteroids, or of
    a satellite, look real, and labels of such tracklets are rare.
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
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS * steps)
    for epoch in range(1, EPOCHS + 1):
        for _ in range(steps):
            rows = torch.randperm(len(inputs), generator=random)[:BATCH]
            part = inputs.take(rows)
            logits = net(part.log_scores, part.present, _partly_hidden(part.facts, rows < copies, random))
            each = functional.binary_cross_entropy_with_logits(logits, part.real, reduction="none")
            loss = weighted_mean(each, weights[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
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


def fit_paper(train: Inputs, val_inputs: Inputs, *, seed: int, report: Report | None = None) -> PaperNet:
    """Train the paper's perceptron as in its section 3.2.2 and Table 3.

    Squared error, that of real tracklets times 4; stochastic gradient descent with rate 0.1 and batches of one; the
    rate decays (by a tenth an epoch; the paper does not tell how fast) and the epoch that does best on the `val_inputs`
    tracklets is kept, looked for until four in a row do not better it.
    """
    stamps, y = first_four(train.log_scores, train.present).exp(), train.real
    weights = train.weights * (1 + (REAL_WEIGHT - 1) * y)
    random = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = PaperNet(stamps.shape[2])
    optimiser = torch.optim.SGD(net.parameters(), lr=PAPER_RATE)
    best = Best(PAPER_PATIENCE)
    for epoch in range(1, PAPER_EPOCHS + 1):
        optimiser.param_groups[0]["lr"] = PAPER_RATE * PAPER_DECAY ** (epoch - 1)
        for row in torch.randperm(len(train), generator=random).split(1):
            loss = (weights[row] * (net.of_four(stamps[row]).sigmoid() - y[row]) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        now = float(weighted_error(net, val_inputs))
        if report is not None:
            report(epoch, now, net)
        if best.offer(now, net):
            break
    best.restore(net)
    return net.eval()


def weighted_error(net: nn.Module, inputs: Inputs) -> Tensor:
    """Return the paper's loss, a scalar: the mean of α (x - y)² by weight, α = 1 for bogus and 4 for real.

    x is the network's probability of real, and y the truth, both (N,) and 0..1.
    """
    weights = inputs.weights * (1 + (REAL_WEIGHT - 1) * inputs.real)
    off: Any = inputs.logits(net).sigmoid() - inputs.real
    return (weights * off**2).sum() / inputs.weights.sum()
