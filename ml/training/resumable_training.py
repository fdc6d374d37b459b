"""A training that can be killed: the parts that decide how it continues, their state, and its restoration."""

import time
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from ml.io.message import Message
from ml.models.compute import Compute
from ml.training.schedule import Best, Clock
from ml.training.training_state import State, StateFile


@dataclass
class ResumableTraining:
    """A network in training, with its optimiser, moving average, clock and best epoch, after `epoch` whole epochs."""

    model: nn.Module
    optimiser: torch.optim.Optimizer
    compute: Compute
    clock: Clock
    ema: AveragedModel | None = None
    best: Best | None = None
    epoch: int = 0

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    def notes(self, epochs: int) -> list[str]:
        """Return a note for a run of `epochs` that its time limit has changed, and one if its patience ended it."""
        notes = self.clock.notes()
        if self.best is not None and self.best.is_exhausted and self.clock.progress < 1:
            notes.append(
                Message(
                    "Stopped after %(done)s of %(epochs)s epochs, since the validation loss had not improved in"
                    " %(patience)s; the best weights are kept.",
                    done=self.epoch,
                    epochs=epochs,
                    patience=self.best.patience,
                )
            )
        return notes

    def state(self, tensors: dict[str, Tensor], **scalars: Any) -> State:
        """Return all that decides how the training continues, after a whole epoch.

        Parameters
        ----------
        tensors, scalars
            State of what draws the batches.
        """
        return State(self._tensors() | tensors | {"torch": torch.get_rng_state()}, self._scalars() | scalars)

    def _tensors(self) -> dict[str, Tensor]:
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        if self.best is not None:
            tensors |= {f"best.{name}": value for name, value in self.best.state.items()}
        if self.ema is not None:
            tensors |= {f"ema.{name}": value for name, value in self.ema.state_dict().items()}
        for number, moments in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{number}.{name}": value for name, value in moments.items()}
        return tensors

    def _scalars(self) -> dict[str, Any]:
        scalars = {
            "epoch": self.epoch, "step": self.clock.step, "steps": self.clock.steps,
            "seconds": self.clock.elapsed, "shortened": self.clock.shortened,
            "compute": asdict(self.compute), "machine": machine(self.device),
        }  # fmt: skip
        if self.best is not None:
            scalars |= {"waited": self.best.waited, "loss": self.best.loss}
        return scalars

    def resume(self, state: State, file: StateFile) -> str:
        """Resume after the epoch of a state; return a note of it."""
        self._restore(state)
        torch.set_rng_state(state.tensors["torch"])
        file.on_resume(self.epoch + 1)
        return Message("The training was interrupted, and resumed at epoch %(epoch)s.", epoch=self.epoch + 1)

    def _restore(self, state: State) -> None:
        known = state.scalars
        self.model.load_state_dict(state.part("model."))
        if self.ema is not None:
            self.ema.load_state_dict(state.part("ema."))
        self._restore_moments(state)
        self.epoch, self.clock.step, self.clock.steps = known["epoch"], known["step"], known["steps"]
        self.clock.start, self.clock.shortened = time.monotonic() - known["seconds"], known["shortened"]
        if self.best is not None:
            self.best.state, self.best.waited, self.best.loss = state.part("best."), known["waited"], known["loss"]

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


def stored_compute(state: State | None, device: torch.device) -> Compute | None:
    """Return the compute settings that a training began with, if this machine is of the same kind."""
    if state is None or state.scalars["machine"] != machine(device):
        return None
    return Compute(**state.scalars["compute"])


def machine(device: torch.device) -> str:
    """Return what compute settings depend on: the kind of device, and the processor's instructions."""
    return f"{device.type} {torch.backends.cpu.get_cpu_capability()}"
