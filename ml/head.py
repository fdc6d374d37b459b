"""The linear head over frozen features: multinomial logistic regression, in seconds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml.loss import partial_label_loss, weighted_mean

EPOCHS = 20
STEPS = 4  # L-BFGS iterations in an epoch
RIDGE = 100.0
MOST = 100_000  # examples of one fit; a linear head learns no more from further ones, and memory stays bounded
Report = Callable[[int, float, "LinearHead"], None]


@dataclass(frozen=True)
class LinearHead:
    """Logits = features · weightᵀ + bias; weight (K, D), bias (K,). Standardisation and temperature are folded in."""

    weight: Tensor
    bias: Tensor

    def logits(self, features: NDArray[Any]) -> Tensor:
        """Return logits (N, K) of features (N, D)."""
        return torch.addmm(self.bias, torch.from_numpy(np.ascontiguousarray(features)).float(), self.weight.T)

    def cooled(self, temperature: float) -> "LinearHead":
        """Return the head with its logits divided by `temperature`."""
        return LinearHead(self.weight / temperature, self.bias / temperature)


def fit(
    features: NDArray[Any],
    targets: NDArray[Any],
    weights: NDArray[Any],
    *,
    ridge: float = RIDGE,
    epochs: int = EPOCHS,
    start: LinearHead | None = None,
    report: Report | None = None,
) -> LinearHead:
    """Fit a head by L-BFGS on all examples at once.

    Minimises Σ w loss / Σ w + ridge/(2 N) ‖W‖² over standardised features.

    Parameters
    ----------
    features
        (N, D), finite.
    targets, weights
        (N, K) allowed classes and (N,) trust.
    ridge
        The inverse of scikit-learn's C.
    epochs
        At most so many times `STEPS` iterations; fewer once the loss stands still.
    start
        A head near the answer, to begin from.
    report
        Called after each epoch with its number, the loss, and the head as it is.
    """
    x, mean, scale = _standardised(features)
    t, w = torch.from_numpy(np.ascontiguousarray(targets)).float(), torch.from_numpy(np.asarray(weights)).float()
    weight, bias = _begin(start, mean, scale, t.shape[1])
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=STEPS, history_size=10, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = weighted_mean(partial_label_loss(torch.addmm(bias, x, weight.T), t), w)
        loss = loss + ridge / (2 * len(x)) * weight.square().sum()
        loss.backward()
        return loss

    previous = float("inf")
    for epoch in range(1, epochs + 1):
        optimiser.step(closure)
        loss = float(closure().detach())
        if report is not None:
            report(epoch, loss, _folded(weight, bias, mean, scale))
        if previous - loss < 1e-5 * abs(previous):
            break
        previous = loss
    return _folded(weight, bias, mean, scale)


def temperature(logits: Tensor, targets: NDArray[Any], weights: NDArray[Any]) -> float:
    """Return the temperature, 0.05..20, by which validation logits are best divided.

    Guo et al. 2017, ICML, On Calibration of Modern Neural Networks. A golden grid is enough: the loss is smooth in it.
    """
    t, w = torch.from_numpy(np.asarray(targets)).float(), torch.from_numpy(np.asarray(weights)).float()
    grid = torch.logspace(np.log10(0.05), np.log10(20), 120)
    losses = [float(weighted_mean(partial_label_loss(logits / value, t), w)) for value in grid]
    return float(grid[int(np.argmin(losses))])


def _standardised(features: NDArray[Any]) -> tuple[Tensor, Tensor, Tensor]:
    x = torch.from_numpy(np.array(features, dtype=np.float32))  # a copy: it is standardised in place
    mean, scale = x.mean(0), x.std(0, correction=0)
    scale[scale < 1e-6] = 1
    return x.sub_(mean).div_(scale), mean, scale


def _begin(start: LinearHead | None, mean: Tensor, scale: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    if start is None:
        weight, bias = torch.zeros(classes, len(mean)), torch.zeros(classes)
    else:
        weight, bias = start.weight * scale, start.bias + start.weight @ mean
    return weight.requires_grad_(), bias.requires_grad_()


def _folded(weight: Tensor, bias: Tensor, mean: Tensor, scale: Tensor) -> LinearHead:
    with torch.no_grad():
        flat = weight / scale
        return LinearHead(flat, bias - flat @ mean)
