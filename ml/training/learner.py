"""A network in training: its batches, and its epochs of optimiser steps."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn

from ml.data.augmentation import AUGMENTS
from ml.data.tensors import FrameTensors
from ml.training.losses import partial_label_loss, weighted_mean
from ml.training.resumable_training import ResumableTraining
from ml.training.schedule import Best, Schedule
from ml.training.training_state import State

CLIP = 5.0  # maximum norm of the gradient

Logits = Callable[[Tensor], Tensor]
"""From frames (B, C, H, W) to the network's logits (B, K), on its device."""


class Batches:
    """Endless batches of shuffled and augmented frames, the same for the same seed."""

    def __init__(self, frames: FrameTensors, seed: int, schedule: Schedule, noise: float) -> None:
        self.frames, self.size, self.noise = frames, schedule.batch, noise
        self.augment = AUGMENTS[schedule.augment]
        self.random = torch.Generator().manual_seed(seed)
        self.order, self.at = torch.empty(0, dtype=torch.long), 0

    def draw(self) -> FrameTensors:
        """Return the next batch, of two frames or more, as batch normalisation needs."""
        while True:
            if self.at >= len(self.order):
                self.order, self.at = torch.randperm(len(self.frames), generator=self.random), 0
            rows = self.order[self.at : self.at + self.size]
            self.at += self.size
            pixels = self.augment(self.frames.pixels[rows].float(), self.random, self.noise)
            if len(rows) > 1:
                owners = self.frames.rows[(rows // self.frames.frames_per_subject).numpy()]
                return FrameTensors(pixels, self.frames.targets[rows], self.frames.weights[rows], 1, owners)

    def loss(self, logits: Logits) -> Tensor:
        """Draw the next batch and return the network's loss on it."""
        batch = self.draw()
        return loss_of(logits(batch.pixels), batch)

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors that decide the next batches; `at` is the scalar."""
        return {"order": self.order, "draws": self.random.get_state()}

    def restore(self, state: State) -> None:
        """Resume with the batches after those of a state."""
        self.order, self.at = state.tensors["order"], state.scalars["at"]
        self.random.set_state(state.tensors["draws"])


def loss_of(logits: Tensor, batch: FrameTensors) -> Tensor:
    """Return the weighted mean loss of logits (B, K) for a batch."""
    targets, weights = (values.to(logits.device) for values in (batch.targets, batch.weights))
    return weighted_mean(partial_label_loss(logits, targets), weights)


@dataclass
class Learner(ResumableTraining):
    """A model in training: its optimiser steps, and the moving average that is evaluated."""

    best: Best = field(kw_only=True)

    @property
    def judged(self) -> nn.Module:
        return self.model if self.ema is None else self.ema.module

    @property
    def is_over(self) -> bool:
        """Return whether patience or the steps are exhausted; a first epoch is always trained."""
        return self.epoch > 0 and (self.best.is_exhausted or self.clock.progress >= 1)

    def train_epoch(self, batches: Batches, epochs: int) -> float:
        """Train until the next of `epochs` equal fractions of the run is over; return the mean loss."""
        losses: list[Tensor] = []
        self.epoch += 1
        while self.clock.progress < self.epoch / epochs or not losses:
            losses.append(self._step(batches, self.clock.rate()))
            self.clock.tick()
        return float(torch.stack(losses).mean())

    def _step(self, batches: Batches, rate: float) -> Tensor:
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * rate
        loss = batches.loss(partial(self._logits, self.model))
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        self.optimiser.step()
        if self.ema is not None:
            self.ema.update_parameters(self.model)
        return loss.detach()

    def log_scores(self, frames: FrameTensors) -> Tensor:
        """Return log class probabilities (n, F, K) of frames, by the evaluated weights."""
        model = self.judged.eval()
        with torch.inference_mode():
            parts = [self._logits(model, part) for part in frames.pixels.split(256)]
        scores = torch.cat(parts).cpu().log_softmax(1)
        return scores.reshape(-1, frames.frames_per_subject, scores.shape[1]).clone()

    def _logits(self, model: nn.Module, pixels: Tensor) -> Tensor:
        with self.compute.autocast(self.device):
            logits: Tensor = model(self.compute.place(pixels.float(), self.device))
        return logits.float()
