"""A network in training: its batches, optimiser steps, moving average, best epoch, and the state of all these."""

import math
import time
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from ml.data.augmentation import AUGMENTS
from ml.data.tensors import Chips
from ml.models.compute import Compute
from ml.training.losses import partial_label_loss, weighted_mean
from ml.training.schedule import Best, Clock, Schedule
from ml.training.training_state import State

CLIP = 5.0  # maximum norm of the gradient


class Batches:
    """Endless batches of shuffled and augmented chips, the same for the same seed."""

    def __init__(self, chips: Chips, seed: int, schedule: Schedule, noise: float) -> None:
        self.chips, self.size, self.noise = chips, schedule.batch, noise
        self.augment = AUGMENTS[schedule.augment]
        self.random = torch.Generator().manual_seed(seed)
        self.order, self.at = torch.empty(0, dtype=torch.long), 0

    def draw(self) -> Chips:
        """Return the next batch, of two chips or more, as batch normalisation needs."""
        while True:
            if self.at >= len(self.order):
                self.order, self.at = torch.randperm(len(self.chips), generator=self.random), 0
            rows = self.order[self.at : self.at + self.size]
            self.at += self.size
            pixels = self.augment(self.chips.pixels[rows].float(), self.random, self.noise)
            if len(rows) > 1:
                owners = self.chips.rows[(rows // self.chips.frames).numpy()]
                return Chips(pixels, self.chips.targets[rows], self.chips.weights[rows], 1, owners)


class Learner:
    """A model in training: its optimiser steps, and the moving average that is evaluated."""

    def __init__(
        self,
        model: nn.Module,
        optimiser: torch.optim.Optimizer,
        compute: Compute,
        ema: AveragedModel | None,
        clock: Clock,
        best: Best,
    ) -> None:
        self.model, self.optimiser, self.compute, self.ema = model, optimiser, compute, ema
        self.clock, self.best, self.epoch = clock, best, 0
        self.device = next(model.parameters()).device

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
            losses.append(self._step(batches.draw(), self.clock.rate()))
            self.clock.step += 1
        return float(torch.stack(losses).mean())

    def _step(self, batch: Chips, rate: float) -> Tensor:
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * rate
        logits = self._logits(self.model, batch.pixels)
        loss = weighted_mean(partial_label_loss(logits, batch.targets.to(self.device)), batch.weights.to(self.device))
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        self.optimiser.step()
        if self.ema is not None:
            self.ema.update_parameters(self.model)
        return loss.detach()

    def log_scores(self, chips: Chips) -> Tensor:
        """Return log class probabilities (n, F, K) of chips, by the evaluated weights."""
        model = self.judged.eval()
        with torch.inference_mode():
            parts = [self._logits(model, part) for part in chips.pixels.split(256)]
        scores = torch.cat(parts).cpu().log_softmax(1)
        return scores.reshape(-1, chips.frames, scores.shape[1]).clone()

    def _logits(self, model: nn.Module, pixels: Tensor) -> Tensor:
        with self.compute.autocast(self.device):
            logits: Tensor = model(self.compute.place(pixels.float(), self.device))
        return logits.float()

    def state(self, batches: Batches) -> State:
        """Return all that decides how the training goes on, after a whole epoch."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"best.{name}": value for name, value in self.best.state.items()}
        if self.ema is not None:
            tensors |= {f"ema.{name}": value for name, value in self.ema.state_dict().items()}
        for number, moments in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{number}.{name}": value for name, value in moments.items()}
        tensors |= {"order": batches.order, "draws": batches.random.get_state(), "torch": torch.get_rng_state()}
        scalars = {
            "epoch": self.epoch, "step": self.clock.step, "steps": self.clock.steps,
            "seconds": time.monotonic() - self.clock.start, "at": batches.at, "waited": self.best.waited,
            "loss": self.best.loss if math.isfinite(self.best.loss) else None,
            "compute": asdict(self.compute), "machine": machine(self.device),
        }  # fmt: skip
        return State(tensors, scalars)

    def restore(self, state: State, batches: Batches) -> None:
        """Go on after the epoch of a state."""
        known, best = state.scalars, self.best
        self.model.load_state_dict(state.part("model."))
        if self.ema is not None:
            self.ema.load_state_dict(state.part("ema."))
        self._restore_moments(state)
        self.epoch, self.clock.step, self.clock.steps = known["epoch"], known["step"], known["steps"]
        self.clock.start = time.monotonic() - known["seconds"]
        best.state, best.waited = state.part("best."), known["waited"]
        best.loss = math.inf if known["loss"] is None else known["loss"]
        batches.order, batches.at = state.tensors["order"], known["at"]
        batches.random.set_state(state.tensors["draws"])
        torch.set_rng_state(state.tensors["torch"])

    def _restore_moments(self, state: State) -> None:
        """Give each parameter its moments, in its own memory format, so that steps round as they did before."""
        parameters = [each for group in self.optimiser.param_groups for each in group["params"]]
        for number, parameter in enumerate(parameters):
            moments: dict[str, Any] = state.part(f"optimiser.{number}.")
            for name, value in moments.items():
                if value.shape == parameter.shape and value.ndim:
                    moments[name] = torch.empty_like(parameter).copy_(value)
            if moments:
                self.optimiser.state[parameter] = moments


def machine(device: torch.device) -> str:
    """Return what compute settings depend on: the kind of device, and the processor's instructions."""
    return f"{device.type} {torch.backends.cpu.get_cpu_capability()}"
