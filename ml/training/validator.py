"""Metrics of heads and networks on the validation split."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ml.data.dataset import Examples
from ml.evaluation.metrics.ranking import roc_auc
from ml.io.message import Message
from ml.training.calibration import fit_temperature
from ml.training.losses import partial_label_loss, weighted_mean

LossAndMetrics = tuple[float, dict[str, float]]  # loss, and accuracy and roc_auc if defined


class Validator:
    """Evaluates a model's scores against the labels of some rows."""

    def __init__(self, examples: Examples, rows: NDArray[np.intp]) -> None:
        self.rows = rows
        self.targets = torch.from_numpy(examples.targets[rows]).float()
        self.weights = torch.from_numpy(examples.weights[rows]).float()
        self.real = torch.from_numpy(examples.real()[rows])
        self.positive = examples.positive_index
        self.tells_apart = len(np.unique(examples.kinds()[rows[examples.weights[rows] > 0]])) > 1

    def stamp(self, log_scores: Tensor) -> LossAndMetrics:
        """Evaluate class scores (n, F, K); a subject's frames vote by their mean probability."""
        p = log_scores.exp().mean(1)
        loss = weighted_mean(partial_label_loss(p.clamp(min=1e-12).log(), self.targets), self.weights)
        right = self.targets.gather(1, p.argmax(1, keepdim=True))[:, 0] >= self.targets.amax(1)
        return float(loss), self._metrics(right, p[:, self.positive].sum(1))

    def calibrated_stamp(self, log_scores: Tensor) -> LossAndMetrics:
        """Evaluate class scores (n, F, K) after temperature scaling on the same rows."""
        return self.stamp((log_scores / self.temperature(log_scores)).log_softmax(-1))

    def tracklet(self, logits: Tensor) -> LossAndMetrics:
        """Evaluate tracklets' logits (n,) of being real."""
        loss = functional.binary_cross_entropy_with_logits(logits, self.real, reduction="none")
        return float(weighted_mean(loss, self.weights)), self._metrics((logits > 0) == (self.real > 0.5), logits)

    def temperature(self, log_scores: Tensor) -> float:
        """Return the best temperature for the stamps' scores (n, F, K).

        1 if the trusted rows are all of one kind, since a fit would make the model certain of it.
        """
        if not self.tells_apart:
            return 1.0
        frames = log_scores.shape[1]
        targets, weights = self.targets.repeat_interleave(frames, 0), self.weights.repeat_interleave(frames)
        return fit_temperature(log_scores.flatten(0, 1), targets, weights)

    def notes(self) -> list[str]:
        """Return a note if no temperature can be fitted."""
        if self.tells_apart:
            return []
        return [
            Message(
                "The %(n)s examples held out for validation are of one kind, so the model could not be calibrated"
                " (temperature 1): its probabilities may be overconfident. Add two objects of another kind.",
                n=len(self.rows),
            )
        ]

    def _metrics(self, right: Tensor, score: Tensor) -> dict[str, float]:
        auc = roc_auc(self.real.numpy() > 0.5, score.numpy())
        metrics: dict[str, Any] = {"accuracy": float(right.float().mean()), "roc_auc": auc}
        return {name: value for name, value in metrics.items() if np.isfinite(value)}
