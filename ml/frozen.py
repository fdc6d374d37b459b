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
from ml.judge import Judge
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
    judge, told = Judge(examples, validation), Told(on_epoch, head.EPOCHS)
    first = fit_rows(examples, features, train, seed, report=told.of_head(judge, features))
    scores = log_scores(first, features[validation])
    temperature = judge.temperature(scores)
    whole = fit_rows(examples, features, np.arange(len(examples)), seed, start=first)
    return Heads(whole.cooled(temperature), None, judge.stamp((scores / temperature).log_softmax(-1))[1])


def train_tracklet(examples: Examples, features: NDArray[Any], *, seed: int, on_epoch: OnEpoch) -> Heads:
    """Fit a stamp head and, on chip scores that it did not learn from, the tracklet perceptron.

    The perceptron sees scores of heads that were fitted without the tracklet's fold: scores of learnt chips are surer
    than those of new ones, and a perceptron trained on them would trust too much.
    """
    train, validation = examples.split(seed=seed)
    judge, told = Judge(examples, validation), Told(on_epoch, head.EPOCHS + perceptron.EPOCHS)
    first = fit_rows(examples, features, train, seed, report=told.of_head(judge, features))
    unseen = log_scores(first, features)
    unseen[train] = _out_of_fold(examples, features, train, seed)
    net = fit_perceptron(examples, unseen, train, seed, report=told.of_perceptron(judge, unseen))
    with torch.no_grad():
        logits = net(first_four(unseen[validation]))
    perceptron.calibrate(net, logits, examples.real()[validation], examples.weights[validation])
    whole = fit_rows(examples, features, np.arange(len(examples)), seed, start=first)
    return Heads(whole, net, judge.net(net, unseen[validation])[1])


class Told:
    """Numbers the epochs of a run's parts as one series, and passes them on."""

    def __init__(self, on_epoch: OnEpoch, epochs: int) -> None:
        self.on_epoch, self.epochs, self.last = on_epoch, epochs, 0

    def of_head(self, judge: Judge, features: NDArray[Any]) -> head.Report:
        """Return what reports a stamp head after each of its epochs."""
        seen = features[judge.rows]

        def report(epoch: int, loss: float, stamp: LinearHead) -> None:
            self.last = epoch
            self.on_epoch(Epoch(epoch, self.epochs, loss, *judge.stamp(log_scores(stamp, seen))))

        return report

    def of_perceptron(self, judge: Judge, scores: Tensor) -> perceptron.Report:
        """Return what reports the tracklet network; its epochs follow those of the head, which may have ended early."""
        before, seen = self.last, scores[judge.rows]

        def report(epoch: int, loss: float, net: TrackletNet) -> None:
            self.on_epoch(Epoch(before + epoch, before + perceptron.EPOCHS, loss, *judge.net(net, seen)))

        return report


def log_scores(stamp: LinearHead, features: NDArray[Any]) -> Tensor:
    """Return log class probabilities (N, F, K) of chips' features (N, F, D)."""
    n, frames, dimensions = features.shape
    return stamp.logits(features.reshape(-1, dimensions)).log_softmax(1).reshape(n, frames, -1)


def fit_perceptron(
    examples: Examples, scores: Tensor, rows: NDArray[np.intp], seed: int, *, report: perceptron.Report | None = None
) -> TrackletNet:
    """Fit the tracklet network on some rows of the chips' log scores (N, F, K)."""
    real, positive = examples.real()[rows], examples.positive_index
    return perceptron.fit(scores[rows], real, examples.weights[rows], positive, seed=seed, report=report)


def fit_rows(
    examples: Examples,
    features: NDArray[Any],
    rows: NDArray[np.intp],
    seed: int,
    *,
    start: LinearHead | None = None,
    report: Callable[[int, float, LinearHead], None] | None = None,
    ridge: float = head.RIDGE,
) -> LinearHead:
    """Fit a stamp head on the chips of some rows, at most `head.MOST` of them."""
    frames = features.shape[1]
    most = max(1, head.MOST // frames)
    if len(rows) > most:
        rows = np.random.default_rng(seed).choice(rows, most, replace=False)
    chips = features[rows].reshape(len(rows) * frames, -1)
    targets, weights = np.repeat(examples.targets[rows], frames, axis=0), np.repeat(examples.weights[rows], frames)
    return head.fit(chips, targets, weights, ridge=ridge, start=start, report=report)


def _out_of_fold(examples: Examples, features: NDArray[Any], rows: NDArray[np.intp], seed: int) -> Tensor:
    folds = grouped_folds(examples.groups[rows], examples.real()[rows] > 0.5, FOLDS, seed)
    scores = torch.empty(len(rows), features.shape[1], len(examples.classes))
    for fold in range(FOLDS):
        stamp = fit_rows(examples, features, rows[folds != fold], seed)
        scores[torch.from_numpy(folds == fold)] = log_scores(stamp, features[rows[folds == fold]])
    return scores
