"""Linear probe: multinomial logistic regression over frozen features."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml.training.losses import partial_label_loss, weighted_mean

EPOCHS = 8
STEPS = 6  # L-BFGS iterations per epoch
RIDGES = (3000.0, 1000.0, 300.0, 100.0)  # strongest first: few or unreliable labels need more
MOST = 100_000  # maximum number of examples in a fit; more would not improve a linear head, and memory stays bounded
Report = Callable[[float, "LinearHead"], None]


@dataclass(frozen=True)
class LinearHead:
    """Logits = features · weightᵀ + bias; weight (K, D), bias (K,). Standardisation and temperature are folded in."""

    weight: Tensor
    bias: Tensor

    def logits(self, features: NDArray[Any]) -> Tensor:
        """Return logits (N, K) of features (N, D)."""
        return torch.addmm(self.bias, torch.from_numpy(np.ascontiguousarray(features)).float(), self.weight.T)

    def temperature_scaled(self, temperature: float) -> "LinearHead":
        """Return the head with its logits divided by `temperature`."""
        return LinearHead(self.weight / temperature, self.bias / temperature)


class Regression:
    """Examples prepared for fitting heads with different regularisation.

    Parameters
    ----------
    features
        (N, D), finite; they are copied and standardised by `shrunken_scale`.
    targets, weights
        (N, K) allowed classes and (N,) sample weights.
    """

    def __init__(self, features: NDArray[Any], targets: NDArray[Any], weights: NDArray[Any]) -> None:
        self.x = torch.from_numpy(np.array(features, dtype=np.float32))
        self.mean, self.scale = self.x.mean(0), shrunken_scale(self.x)
        self.x.sub_(self.mean).div_(self.scale)
        self.targets = torch.from_numpy(np.ascontiguousarray(targets)).float()
        self.weights = torch.from_numpy(np.asarray(weights)).float()

    def fit(self, ridge: float, *, start: LinearHead | None = None, report: Report | None = None) -> LinearHead:
        """Fit a head by L-BFGS on all examples at once.

        Minimises Σ w loss / Σ w + ridge/(2 N) ‖W‖² over standardised features.

        Parameters
        ----------
        ridge
            The inverse of scikit-learn's C.
        start
            Initial head, close to the solution.
        report
            Called after each epoch with the loss and the current head.
        """
        weight, bias = self._begin(start)
        optimiser = torch.optim.LBFGS([weight, bias], max_iter=STEPS, history_size=10, line_search_fn="strong_wolfe")

        def closure() -> Tensor:
            optimiser.zero_grad()
            loss = weighted_mean(partial_label_loss(torch.addmm(bias, self.x, weight.T), self.targets), self.weights)
            loss = loss + ridge / (2 * len(self.x)) * weight.square().sum()
            loss.backward()
            return loss

        previous = float("inf")
        for _ in range(EPOCHS):
            optimiser.step(closure)
            loss = float(closure().detach())
            if report is not None:
                report(loss, self._folded(weight, bias))
            if previous - loss < 1e-4 * abs(previous):
                break
            previous = loss
        return self._folded(weight, bias)

    def _begin(self, start: LinearHead | None) -> tuple[Tensor, Tensor]:
        if start is None:
            weight, bias = torch.zeros(self.targets.shape[1], len(self.mean)), torch.zeros(self.targets.shape[1])
        else:
            weight, bias = start.weight * self.scale, start.bias + start.weight @ self.mean
        return weight.requires_grad_(), bias.requires_grad_()

    def _folded(self, weight: Tensor, bias: Tensor) -> LinearHead:
        with torch.no_grad():
            flat = weight / self.scale
            return LinearHead(flat, bias - flat @ self.mean)


def shrunken_scale(features: Tensor) -> Tensor:
    """Return the scale (D,) of features (N, D): the root of half their own variance and half the mean of all.

    A network's feature that is almost always 0 may vary little among a few labelled examples, and much elsewhere.
    Divided by its own standard deviation, it would outweigh all others there (docs/backbone.md has figures). 1 if no
    feature varies.
    """
    variance = features.var(0, correction=0)
    scale = ((variance + variance.mean()) / 2).sqrt()
    return torch.where(scale < 1e-6, 1.0, scale)


class MultiViewRegression:
    """Heads fitted separately for each view, joined into one over all concatenated features.

    A single head over all features would rely on few of them; on the real ZTF night the mean of two heads has the
    better AUC (docs/models.md).

    Parameters
    ----------
    crops
        Regressions on the same examples, each with the features (N, D) of one view.
    """

    def __init__(self, crops: Sequence[Regression]) -> None:
        self.crops = crops

    def fit(self, ridge: float, *, start: LinearHead | None = None, report: Report | None = None) -> LinearHead:
        """Fit each view's head as `Regression.fit` does, and join them; only the last view's epochs are reported.

        `ridge` is that of the widest view. A view with fewer features gets proportionally less.
        """
        widths = [len(crop.mean) for crop in self.crops]
        ridges = [ridge * width / max(widths) for width in widths]
        starts = [None] * len(self.crops) if start is None else split_head(start, widths)
        heads: list[LinearHead] = []

        def joined_so_far(loss: float, last: LinearHead) -> None:
            assert report is not None  # noqa: S101 - for the type checker
            report(loss, averaged_head([*heads, last]))

        for crop, its_ridge, begin in zip(self.crops[:-1], ridges[:-1], starts[:-1], strict=True):
            heads.append(crop.fit(its_ridge, start=begin))
        last_report = None if report is None else joined_so_far
        heads.append(self.crops[-1].fit(ridges[-1], start=starts[-1], report=last_report))
        return averaged_head(heads)


def averaged_head(heads: Sequence[LinearHead]) -> LinearHead:
    """Return the head over concatenated features whose logits are the mean of those of `heads`."""
    weight = torch.cat([head.weight for head in heads], dim=1) / len(heads)
    return LinearHead(weight, torch.stack([head.bias for head in heads]).mean(0))


def split_head(head: LinearHead, widths: Sequence[int]) -> list[LinearHead]:
    """Split a head from `averaged_head` into one for each view; they share its bias."""
    return [LinearHead(weight * len(widths), head.bias) for weight in head.weight.split(list(widths), dim=1)]
