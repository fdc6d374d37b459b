"""Train heads over features that are already known: what every round of the loop does, in seconds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml import head, perceptron
from ml.dataset import Examples, grouped_folds
from ml.epoch import Epoch, OnEpoch
from ml.head import LinearHead
from ml.loss import partial_label_loss, weighted_mean
from ml.metrics import roc_auc
from ml.models.tracklet import TrackletNet, first_four

FOLDS = 3


@dataclass(frozen=True)
class Heads:
    """What a training makes on top of a backbone, and its figures on the validation part."""

    stamp: LinearHead
    tracklet: TrackletNet | None
    metrics: dict[str, float]


def train_stamp(examples: Examples, features: NDArray[Any], *, seed: int, on_epoch: OnEpoch) -> Heads:
    """Fit a stamp head on part of the examples, judge and cool it on the rest, then go on over all of them.

    Parameters
    ----------
    examples, features
        The labels, and (N, F, D) features of the same rows; several frames inherit their subject's label.
    seed
        Of the split.
    on_epoch
        Told after each epoch; may raise Cancelled.
    """
    train, validation = examples.split(seed=seed)
    judge = Judge(examples, validation, features[validation])
    first = _fit(examples, features, train, seed, report=judge.stamp_report(on_epoch, head.EPOCHS))
    temperature = judge.temperature(first)
    metrics = judge.stamp(first.cooled(temperature))[1]
    whole = _fit(examples, features, np.arange(len(examples)), seed, start=first)
    return Heads(whole.cooled(temperature), None, metrics)


def train_tracklet(examples: Examples, features: NDArray[Any], *, seed: int, on_epoch: OnEpoch) -> Heads:
    """Fit a stamp head and, on chip scores that it did not learn from, the tracklet perceptron.

    The perceptron sees scores of heads that were fitted without the tracklet's fold: scores of learnt chips are surer
    than those of new ones, and a perceptron trained on them would trust too much.
    """
    train, validation = examples.split(seed=seed)
    judge = Judge(examples, validation, features[validation])
    first = _fit(examples, features, train, seed, report=judge.stamp_report(on_epoch, head.EPOCHS + perceptron.EPOCHS))
    first = first.cooled(judge.temperature(first))
    unseen = log_scores(first, features)
    unseen[train] = _out_of_fold(examples, features, train, seed)
    net = train_perceptron(examples, unseen, train, judge, seed=seed, report=judge.tracklet_report(on_epoch, first))
    whole = _fit(examples, features, np.arange(len(examples)), seed, start=first)
    return Heads(whole, net, judge.tracklet(net, unseen[validation])[1])


def train_perceptron(
    examples: Examples,
    scores: Tensor,
    rows: NDArray[np.intp],
    judge: "Judge",
    *,
    seed: int,
    report: perceptron.Report | None,
) -> TrackletNet:
    """Fit the perceptron on some rows' chip scores (N, F, K), and calibrate it on the judge's."""
    real = examples.real()
    net = perceptron.fit(
        scores[rows], real[rows], examples.weights[rows], examples.positive_index, seed=seed, report=report
    )
    perceptron.calibrate(net, scores[judge.rows], real[judge.rows], examples.weights[judge.rows])
    return net


def log_scores(stamp: LinearHead, features: NDArray[Any]) -> Tensor:
    """Return log class probabilities (N, F, K) of chips' features (N, F, D)."""
    n, frames, dimensions = features.shape
    return stamp.logits(features.reshape(-1, dimensions)).log_softmax(1).reshape(n, frames, -1)


class Judge:
    """The validation part of a run: it measures heads and tells whoever listens."""

    def __init__(self, examples: Examples, rows: NDArray[np.intp], features: NDArray[Any]) -> None:
        self.rows, self.features = rows, features
        self.targets = torch.from_numpy(examples.targets[rows]).float()
        self.weights = torch.from_numpy(examples.weights[rows]).float()
        self.real = examples.real()[rows] > 0.5
        self.positive = examples.positive_index
        self.told = 0

    def stamp(self, stamp: LinearHead) -> tuple[float, dict[str, float]]:
        """Return loss and metrics of a stamp head; a subject's frames vote by their mean probability."""
        p = log_scores(stamp, self.features).exp().mean(1)
        loss = float(weighted_mean(partial_label_loss(p.clamp(min=1e-12).log(), self.targets), self.weights))
        right = self.targets.gather(1, p.argmax(1, keepdim=True))[:, 0] >= self.targets.amax(1)
        return loss, _defined(accuracy=float(right.float().mean()), roc_auc=self._auc(p[:, self.positive].sum(1)))

    def tracklet(self, net: TrackletNet, scores: Tensor) -> tuple[float, dict[str, float]]:
        """Return loss and metrics of a tracklet network on the chips' log scores (n, F, K)."""
        with torch.no_grad():
            logits = net(first_four(scores))
        truth = torch.from_numpy(self.real)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth.float(), reduction="none")
        right = (logits > 0) == truth
        said = _defined(accuracy=float(right.float().mean()), roc_auc=self._auc(logits))
        return float(weighted_mean(loss, self.weights)), said

    def temperature(self, stamp: LinearHead) -> float:
        """Return the temperature that suits the validation chips best."""
        frames = self.features.shape[1]
        logits = log_scores(stamp, self.features).flatten(0, 1)
        return head.temperature(logits, self.targets.repeat_interleave(frames, 0).numpy(), self._chip_weights(frames))

    def stamp_report(self, on_epoch: OnEpoch, epochs: int) -> head.Report:
        """Return what tells `on_epoch` how the stamp head is after each of its epochs."""

        def report(epoch: int, loss: float, stamp: LinearHead) -> None:
            val_loss, metrics = self.stamp(stamp)
            self.told = epoch
            on_epoch(Epoch(epoch, epochs, loss, val_loss, metrics))

        return report

    def tracklet_report(self, on_epoch: OnEpoch, stamp: LinearHead) -> perceptron.Report:
        """Return what tells `on_epoch` how the perceptron is; its epochs come after the head's."""
        scores = log_scores(stamp, self.features)
        before = self.told

        def report(epoch: int, loss: float, net: TrackletNet) -> None:
            val_loss, metrics = self.tracklet(net, scores)
            on_epoch(Epoch(before + epoch, before + perceptron.EPOCHS, loss, val_loss, metrics))

        return report

    def _auc(self, score: Tensor) -> float:
        return roc_auc(self.real, score.numpy())

    def _chip_weights(self, frames: int) -> NDArray[np.float32]:
        return self.weights.repeat_interleave(frames).numpy()


def _out_of_fold(examples: Examples, features: NDArray[Any], rows: NDArray[np.intp], seed: int) -> Tensor:
    folds = grouped_folds(examples.groups[rows], examples.real()[rows] > 0.5, FOLDS, seed)
    scores = torch.empty(len(rows), features.shape[1], len(examples.classes))
    for fold in range(FOLDS):
        inside, outside = rows[folds != fold], rows[folds == fold]
        scores[torch.from_numpy(folds == fold)] = log_scores(_fit(examples, features, inside, seed), features[outside])
    return scores


def _fit(
    examples: Examples,
    features: NDArray[Any],
    rows: NDArray[np.intp],
    seed: int,
    *,
    start: LinearHead | None = None,
    report: Callable[[int, float, LinearHead], None] | None = None,
) -> LinearHead:
    frames = features.shape[1]
    most = max(1, head.MOST // frames)
    if len(rows) > most:
        rows = np.random.default_rng(seed).choice(rows, most, replace=False)
    chips = features[rows].reshape(len(rows) * frames, -1)
    targets = np.repeat(examples.targets[rows], frames, axis=0)
    weights = np.repeat(examples.weights[rows], frames)
    return head.fit(chips, targets, weights, start=start, report=report)


def _defined(**metrics: float) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if np.isfinite(value)}
