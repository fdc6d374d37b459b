"""Train heads on frozen features: what every round of the loop does, in seconds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ml.data.dataset import Examples, grouped_folds
from ml.inference.tracklet_net import TrainedTrackletNet
from ml.io.message import Message
from ml.models.compute import Compute
from ml.training import linear_probe
from ml.training.callbacks import Epoch, OnEpoch
from ml.training.linear_probe import LinearHead, MultiViewRegression, Regression
from ml.training.validator import LossAndMetrics, Validator

HEAD_EPOCHS = linear_probe.EPOCHS * len(linear_probe.RIDGES)
FOLDS = 5
MOST_CROSSED = 500  # labels; with 800 a single split says the same


@dataclass(frozen=True)
class Heads:
    """The trained heads on a backbone, their validation metrics, the compute settings, and how many stamps besides.

    These are the unlabelled ones that FixMatch learnt from.
    """

    stamp: LinearHead
    tracklet: TrainedTrackletNet | None
    metrics: dict[str, float]
    compute: Compute | None = None
    unlabelled: int = 0


def train_head(
    examples: Examples,
    features: NDArray[Any],
    *,
    seed: int,
    on_epoch: OnEpoch,
    crops: Sequence[int] = (),
    refit: bool = True,
    crossed: bool = False,
) -> tuple[Heads, Tensor]:
    """Fit a stamp head on part of the examples, judge and temperature-scale it on the rest; return its scores of these.

    With `crossed`, each of five parts is the rest once, so the scores are of all examples.

    Parameters
    ----------
    examples, features
        The labels, and (N, F, D) features of the same rows; several frames inherit their subject's label.
    seed
        Of the choice of examples where there are too many for a fit.
    on_epoch
        Called after each epoch; an exception in it ends the run.
    crops
        How many of the features belong to each crop of a stamp; each crop gets a head, and these are joined. Without
        any, all belong to one.
    refit
        Go on over all examples, the rest included.
    crossed
        Choose ridge and temperature by five-fold cross-validation (see `can_be_crossed`).
    """
    if crossed:
        judge, epochs = Validator(examples, np.arange(len(examples))), EpochReporter(on_epoch, len(linear_probe.RIDGES))
        best = _crossed_head(examples, features, judge, seed=seed, epochs=epochs, crops=crops)
    else:
        train, validation = examples.split()
        judge, epochs = Validator(examples, validation), EpochReporter(on_epoch, HEAD_EPOCHS)
        best = best_head(examples, features, train, judge, seed=seed, epochs=epochs, crops=crops)
    examples.notes.extend(epochs.notes())
    stamp = best.stamp
    if refit:
        every = regression(examples, features, np.arange(len(examples)), seed, crops)
        stamp = every.fit(best.ridge, start=stamp)
    return Heads(stamp.temperature_scaled(best.temperature), None, judge.stamp(best.scores)[1]), best.scores


@dataclass(frozen=True)
class BestHead:
    """The head with the best validation loss, before calibration; `scores` are its calibrated log scores."""

    stamp: LinearHead
    ridge: float
    temperature: float
    scores: Tensor
    loss: float


def best_head(
    examples: Examples,
    features: NDArray[Any],
    train: NDArray[np.intp],
    judge: Validator,
    *,
    seed: int,
    epochs: "EpochReporter",
    crops: Sequence[int] = (),
) -> BestHead:
    """Fit heads with less and less regularisation, as long as the validation loss decreases."""
    fits, val_features = regression(examples, features, train, seed, crops), features[judge.rows]
    best: BestHead | None = None
    for ridge in linear_probe.RIDGES:
        report = epochs.of_head(judge, val_features)
        stamp = fits.fit(ridge, start=None if best is None else best.stamp, report=report)
        scores = log_scores(stamp, val_features)
        temperature = judge.temperature(scores)
        temperature_scaled = (scores / temperature).log_softmax(-1)
        loss = judge.stamp(temperature_scaled)[0]
        if best is not None and loss >= best.loss:
            return best
        best = BestHead(stamp, ridge, temperature, temperature_scaled, loss)
    assert best is not None  # noqa: S101 - for the type checker: RIDGES is not empty
    return best


def can_be_crossed(examples: Examples) -> bool:
    """Return whether a head on a network that has learnt from none of these labels should be cross-validated.

    A temperature from a fifth of few labels is often far from right (docs/backbone.md has figures). Every fold needs an
    object of each kind. Examples with a fixed validation set keep it.
    """
    if len(examples) > MOST_CROSSED or examples.val_mask is not None:
        return False
    kinds = examples.kinds()
    return min(len(np.unique(examples.groups[kinds == kind])) for kind in np.unique(kinds)) >= FOLDS


def _crossed_head(
    examples: Examples,
    features: NDArray[Any],
    judge: Validator,
    *,
    seed: int,
    epochs: "EpochReporter",
    crops: Sequence[int],
) -> BestHead:
    """Fit heads as `best_head` does, on all folds but one each, and judge them on that one; return the first fold's.

    Each ridge is an epoch, reported with the losses before and after temperature scaling.
    """
    fold_of = grouped_folds(examples.groups, examples.kinds(), FOLDS, seed)
    parts = [np.flatnonzero(fold_of == fold) for fold in range(FOLDS)]
    fits = [regression(examples, features, np.flatnonzero(fold_of != fold), seed, crops) for fold in range(FOLDS)]
    heads: list[LinearHead] = []
    scores = torch.empty(*features.shape[:2], len(examples.classes))
    best: BestHead | None = None
    for ridge in linear_probe.RIDGES:
        starts: Sequence[LinearHead | None] = heads or [None] * FOLDS
        heads = [fit.fit(ridge, start=start) for fit, start in zip(fits, starts, strict=True)]
        for rows, head in zip(parts, heads, strict=True):
            scores[rows] = log_scores(head, features[rows])
        temperature = judge.temperature(scores)
        temperature_scaled = (scores / temperature).log_softmax(-1)
        loss, metrics = judge.stamp(temperature_scaled)
        epochs.report(judge.stamp(scores)[0], loss, metrics)
        if best is not None and loss >= best.loss:
            return best
        best = BestHead(heads[0], ridge, temperature, temperature_scaled, loss)
    assert best is not None  # noqa: S101 - for the type checker: RIDGES is not empty
    return best


class EpochReporter:
    """Numbers the epochs of a run's parts consecutively, and reports them."""

    def __init__(self, on_epoch: OnEpoch, epochs: int) -> None:
        self.on_epoch, self.epochs, self.last = on_epoch, epochs, 0

    def report(self, loss: float, val_loss: float, metrics: dict[str, float]) -> None:
        """Report the next epoch."""
        self.last += 1
        self.on_epoch(Epoch(self.last, self.epochs, loss, val_loss, metrics))

    def notes(self) -> list[str]:
        """Return a note if a head's epochs were fewer than planned."""
        if self.last == self.epochs:
            return []
        return [
            Message(
                "Stopped after %(done)s of %(epochs)s epochs, since the loss no longer fell.",
                done=self.last,
                epochs=self.epochs,
            )
        ]

    def of_head(self, judge: Validator, val_features: NDArray[Any]) -> linear_probe.Report:
        """Return the callback that reports a stamp head after each epoch, on validation features (n, F, D)."""

        def report(loss: float, stamp: LinearHead) -> None:
            self.report(loss, *judge.stamp(log_scores(stamp, val_features)))

        return report

    def of_tracklets(
        self, epochs: int, judged: Callable[[nn.Module], LossAndMetrics]
    ) -> Callable[[int, float, nn.Module], None]:
        """Return the callback of a tracklet network; its epochs are numbered after those of the head."""
        before = self.last

        def report(epoch: int, loss: float, net: nn.Module) -> None:
            self.on_epoch(Epoch(before + epoch, before + epochs, loss, *judged(net)))

        return report


def log_scores(stamp: LinearHead, features: NDArray[Any]) -> Tensor:
    """Return log class probabilities (N, F, K) of stamps' features (N, F, D)."""
    n, frames, dimensions = features.shape
    return stamp.logits(features.reshape(-1, dimensions)).log_softmax(1).reshape(n, frames, -1)


def regression(
    examples: Examples, features: NDArray[Any], rows: NDArray[np.intp], seed: int, crops: Sequence[int] = ()
) -> Regression | MultiViewRegression:
    """Return the stamps of some rows, ready to fit heads on; a random sample of at most `head.MOST`."""
    frames = features.shape[1]
    most = max(1, linear_probe.MOST // frames)
    if len(rows) > most:
        rows = np.random.default_rng(seed).choice(rows, most, replace=False)
    stamps = features[rows].reshape(len(rows) * frames, -1)
    targets, weights = np.repeat(examples.targets[rows], frames, axis=0), np.repeat(examples.weights[rows], frames)
    if len(crops) < 2:
        return Regression(stamps, targets, weights)
    parts = np.split(stamps, np.cumsum(crops)[:-1], axis=1)
    return MultiViewRegression([Regression(crop, targets, weights) for crop in parts])
