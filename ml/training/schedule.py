"""The training schedule: steps, learning rate and early stopping."""

import copy
import math
import time
from dataclasses import dataclass
from typing import Any

from torch import nn

from ml.io.message import Message

WARM_UP = 0.1  # warm-up, as a fraction of the run
MEASURED = 0.1  # fraction of a time limit in which the pace is measured


@dataclass(frozen=True)
class Schedule:
    """The size of a run that takes about a minute on one CPU core.

    Parameters
    ----------
    views
        Maximum number of frames to train on, with repetition.
    repeats
        Maximum number of epochs, which ends the run of a small set earlier.
    fewest
        Minimum number of frames to train on, for any number of epochs: a network needs more than a few hundred.
    rounds
        Number of reports, each after a validation.
    rate, backbone_lr_scale
        Peak learning rate of the head, and that of the backbone as a fraction of it.
    patience
        Patience: rounds without a better validation loss after which the run ends.
    judged
        Validation subjects per round.
    probes
        Start from a head fitted on the frozen network, and freeze its batch norms.
    augment
        "none", "flips" or "sky", of `ml.data.augmentation`.
    ema
        Decay of the exponential moving average of the weights, 0..1; the average is validated and saved. 0 uses the
        weights themselves.
    layer_decay
        Layer decay: learning rate of each layer as a fraction of the next one's, in timm's networks; 1 for equal rates.
    batch
        Frames of one step.
    unlabelled
        Unlabelled frames of one step besides, for FixMatch (`ml.training.fixmatch`); 0 for none.
    """

    views: int
    repeats: float
    rounds: int = 12
    rate: float = 1e-3
    backbone_lr_scale: float = 1.0
    patience: int = 6
    judged: int = 600
    probes: bool = False
    augment: str = "flips"
    ema: float = 0.0
    layer_decay: float = 1.0
    batch: int = 64
    fewest: int = 0
    unlabelled: int = 0


SMALL = Schedule(160_000, 45, rate=3e-3, ema=0.95)
SMALL_SEVERAL = Schedule(45_000, 40, rate=3e-3, augment="sky", ema=0.98)
SMALL_AGAIN = Schedule(30_000, 8, rounds=10, backbone_lr_scale=0.5, patience=4, probes=True, fewest=10_000)
TRANSFER = Schedule(
    8_000, 8, rounds=6, backbone_lr_scale=0.5, patience=3, judged=300, probes=True, ema=0.95, layer_decay=0.9
)
SKY_TRANSFER = Schedule(
    60_000, 16, rounds=10, rate=2e-3, patience=5, probes=True, augment="sky", ema=0.98, fewest=6_000
)
FRESH = Schedule(24_000, 20, rounds=8, patience=8, judged=300)


class Clock:
    """Counts steps, and minutes if limited; the learning rate follows the steps.

    A run that keeps within its time limit is the same as without one, however busy the machine is. Once the measured
    pace shows that it won't, the rest of the schedule is fitted into the time that is left, so that the learning rate
    still falls to 0 by the end, and `notes` says so.

    Parameters
    ----------
    minutes
        Time limit of the whole run; None for none.
    reserved
        How many of these minutes are kept for what follows the steps.
    """

    def __init__(self, steps: int, minutes: float | None, reserved: float = 0.0) -> None:
        self.steps, self.step, self.minutes = steps, 0, minutes
        self.seconds = math.inf if minutes is None else 60 * (minutes - reserved)
        self.start = time.monotonic()
        self.first: tuple[int, float] | None = None  # step and seconds from which the pace is measured
        self.shortened: tuple[float, float] | None = None  # progress and seconds when the schedule was shortened

    @property
    def elapsed(self) -> float:
        """Return the seconds since the beginning."""
        return time.monotonic() - self.start

    @property
    def progress(self) -> float:
        """Return the fraction of the run that is over, 0..1."""
        done, elapsed = self.step / self.steps, self.elapsed
        if elapsed >= self.seconds:
            return 1.0
        if self.shortened is not None:
            before, since = self.shortened
            done = max(done, before + (1 - before) * (elapsed - since) / (self.seconds - since))
        return min(1.0, done)

    def tick(self) -> None:
        """Count a step."""
        self.step += 1
        if self.shortened is None and self._is_too_slow():
            self.shortened = self.step / self.steps, self.elapsed

    def _is_too_slow(self) -> bool:
        """Return whether the limit would be reached before the steps, at the pace since the first step."""
        elapsed = self.elapsed
        if self.first is None:
            self.first = self.step, elapsed
        step, since = self.first
        if self.step == step or elapsed - since < MEASURED * self.seconds:
            return False
        return elapsed + (self.steps - self.step) * (elapsed - since) / (self.step - step) > self.seconds

    def notes(self) -> list[str]:
        """Return a note for a run that its time limit has changed."""
        if self.step < self.steps and self.elapsed >= self.seconds:
            return [
                Message(
                    "The time limit of %(minutes)s min ended the training after %(done)s of %(steps)s steps. Raise or"
                    " drop the limit to run all of them.",
                    minutes=f"{self.minutes:g}",
                    done=f"{self.step:,}",
                    steps=f"{self.steps:,}",
                )
            ]
        if self.shortened is not None:
            return [
                Message(
                    "The time limit of %(minutes)s min shortened the schedule of the training. Raise or drop the limit"
                    " for the usual one.",
                    minutes=f"{self.minutes:g}",
                )
            ]
        return []

    def rate(self) -> float:
        """Return the learning rate as a fraction of its peak: linear warm-up, then cosine decay to 0."""
        progress = self.progress
        if progress < WARM_UP:
            return max(progress / WARM_UP, 0.02)
        return 0.5 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP)))


class Best:
    """Keeps the best state of a module by validation loss, for early stopping."""

    def __init__(self, patience: int) -> None:
        self.patience, self.loss, self.waited = patience, math.inf, 0
        self.state: dict[str, Any] = {}

    @property
    def is_exhausted(self) -> bool:
        """Return whether the last `patience` losses were no better."""
        return self.waited >= self.patience

    def offer(self, loss: float, module: nn.Module) -> bool:
        """Save the module's state if it is the best so far; return whether patience is exhausted."""
        if loss < self.loss or not self.state:
            self.loss, self.waited, self.state = loss, 0, copy.deepcopy(module.state_dict())
        else:
            self.waited += 1
        return self.is_exhausted

    def restore(self, module: nn.Module) -> None:
        """Restore the best state."""
        module.load_state_dict(self.state)
