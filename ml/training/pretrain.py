"""Pretrain the sky backbone on all simulated skies at once, with several tasks; resumable."""

import hashlib
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as write_tensors
from torch import Tensor, nn
from torch.nn import functional

from ml.models.autotune import autotune
from ml.models.compute import Compute, cores
from ml.models.sky_net import NAME, SIZES, SkyNet
from ml.simulate.labelled_stamps import KINDS, LabelledStamps
from ml.training.ema import ema_of
from ml.training.losses import partial_label_loss
from ml.training.memory import keep_freed_memory
from ml.training.pretraining_batches import PretrainingBatches, batches
from ml.training.pretraining_pool import read_pool
from ml.training.pretraining_views import PORTIONS, Labels, Portion

RATE, DECAY, EMA = 2e-3, 0.03, 0.998
WARM_UP, COOLING = 150, 0.25  # steps, and the fraction of them in which the learning rate falls to 0
SAVED_EVERY = 250  # steps
STATE, WEIGHTS, HEADS, POOL = "state.pt", NAME, "heads.safetensors", "pool"
SHARDS = {"alerts": 24, "atlas": 12, "euclid": 8, "ground": 10, "hubble": 5}
LONGEST = math.log1p(64.0)


@dataclass(frozen=True)
class Pretraining:
    """A run: its steps, seed and size of network, the simulators that it must not see, and the shards of each."""

    steps: int
    seed: int = 0
    size: str = "standard"
    without: tuple[str, ...] = ()
    shards: Mapping[str, int] | None = None

    def pool(self, folder: Path) -> dict[str, LabelledStamps]:
        """Return the stamps to draw from."""
        shards = SHARDS if self.shards is None else self.shards
        return read_pool(folder, {sky: n for sky, n in shards.items() if sky not in self.without}, self.seed)


class SkyTasks(nn.Module):
    """The backbone with a linear head for each task."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.backbone = SkyNet(scale=scale)
        self.head = nn.Linear(self.backbone.num_features, len(KINDS) + 6)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, K + 6): logits of the kinds and of a mover, then length, cos 2θ, sin 2θ, x and y."""
        answers: Tensor = self.head(self.backbone(x))
        return answers


def task_loss(answers: Tensor, labels: Labels) -> Tensor:
    """Return the mean loss of answers (B, K + 6); what is not known costs nothing."""
    kinds, real, line, place = answers.split([len(KINDS), 1, 3, 2], dim=1)
    loss = partial_label_loss(kinds, labels.kinds).mean()
    loss = loss + _known(functional.binary_cross_entropy_with_logits, real[:, 0], labels.real)
    length = labels.line[:, 0]
    loss = loss + 0.5 * _known(functional.smooth_l1_loss, 4 * line[:, 0], 4 * length.log1p() / LONGEST)
    angle = labels.line[:, 1:].masked_fill((length < 4)[:, None], math.nan)
    loss = loss + 0.5 * _known(functional.mse_loss, line[:, 1:], angle)
    return loss + 0.2 * _known(functional.smooth_l1_loss, place, labels.place)


def _known(loss: Callable[..., Tensor], answers: Tensor, labels: Tensor) -> Tensor:
    known = ~labels.isnan()
    return loss(answers[known], labels[known]) if known.any() else answers.sum() * 0.0


@keep_freed_memory()
def pretrain(
    run: Pretraining,
    folder: Path,
    *,
    on_report: Callable[[dict[str, Any]], None],
    portions: Sequence[Portion] = PORTIONS,
    stop_after: int | None = None,
) -> dict[str, Any]:
    """Train, or resume where an earlier call with the same settings stopped, and write the weights to `folder`.

    Parameters
    ----------
    run, folder
        The settings, and where pool, state and weights are.
    on_report
        Called now and then: step, mean loss and stamps per second.
    portions
        What each batch is made of.
    stop_after
        Stop without weights after this step, as a killed run would.

    Returns
    -------
    dict
        The model card: settings, SHA-256 of the weights, and seconds.

    Raises
    ------
    ValueError
        If the folder has the state of a run with other settings; only the steps may be others, until the last quarter.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / POOL).mkdir(exist_ok=True)
    pool = run.pool(folder / POOL)
    drawn = PretrainingBatches(pool, run.seed, [one for one in portions if one.sky in pool])
    learner = _Learner(run, folder / STATE, drawn)
    with learner.compute.limited():
        learner.learn(on_report, run.steps if stop_after is None else min(stop_after, run.steps))
    return {} if learner.step < run.steps else learner.finish(folder)


class _Learner:
    """Model, optimiser and moving average."""

    def __init__(self, run: Pretraining, state: Path, drawn: PretrainingBatches) -> None:
        self.run, self.state, self.drawn = run, state, drawn
        torch.manual_seed(run.seed)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model = SkyTasks(SIZES[run.size]).to(self.device).train()
        self.step, self.seconds = 0, 0.0
        stored = self._stored()
        example = drawn[0][0].to(self.device)
        self.compute = Compute(**stored["compute"]) if stored else autotune(self.model, example)
        self.compute.place(self.model, self.device)
        self.ema = ema_of(self.model, EMA)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=RATE, weight_decay=DECAY)
        if stored:
            self.model.load_state_dict(stored["model"])
            self.ema.load_state_dict(stored["ema"])
            self.optimiser.load_state_dict(stored["optimiser"])
            self.step, self.seconds = stored["step"], stored["seconds"]

    def _stored(self) -> dict[str, Any] | None:
        if not self.state.exists():
            return None
        stored: dict[str, Any] = torch.load(self.state, weights_only=True, map_location=self.device)
        same = {**stored["run"], "steps": self.run.steps} == self._settings()
        cooling = stored["step"] > (1 - COOLING) * min(stored["run"]["steps"], self.run.steps)
        if not same or (cooling and stored["run"]["steps"] != self.run.steps):
            raise ValueError(
                f"{self.state} is of a run with {stored['run']}. Continue that one, or name another folder."
            )
        return stored

    def _settings(self) -> dict[str, Any]:
        return {**asdict(self.run), "without": list(self.run.without)}

    def learn(self, on_report: Callable[[dict[str, Any]], None], until: int) -> None:
        """Train to a step, saving the state now and then."""
        losses: list[Tensor] = []
        began, stamps = time.monotonic(), 0
        workers = 0 if self.device.type == "cpu" else cores() - 1
        for x, labels in batches(self.drawn, range(self.step, until), workers):
            losses.append(self._learn(x, labels))
            self.step, stamps = self.step + 1, stamps + len(x)
            if self.step % SAVED_EVERY == 0 or self.step == until:
                took = time.monotonic() - began
                self.seconds += took
                self._save()
                loss = float(torch.stack(losses).mean())
                on_report(
                    {"step": self.step, "steps": self.run.steps, "loss": loss, "stamps_per_second": stamps / took}
                )
                losses, began, stamps = [], time.monotonic(), 0

    def _learn(self, x: Tensor, labels: Labels) -> Tensor:
        for group in self.optimiser.param_groups:
            group["lr"] = RATE * rate_at(self.step, self.run.steps)
        with self.compute.autocast(self.device):
            answers = self.model(self.compute.place(x, self.device))
        loss = task_loss(answers.float(), Labels(*(value.to(self.device) for value in vars(labels).values())))
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimiser.step()
        self.ema.update_parameters(self.model)
        return loss.detach()

    def _save(self) -> None:
        """Write the state completely or not at all."""
        state = {
            "run": self._settings(), "step": self.step, "seconds": self.seconds, "compute": asdict(self.compute),
            "model": self.model.state_dict(), "ema": self.ema.state_dict(), "optimiser": self.optimiser.state_dict(),
        }  # fmt: skip
        half = self.state.with_suffix(".half")
        torch.save(state, half)
        os.replace(half, self.state)

    def finish(self, folder: Path) -> dict[str, Any]:
        """Write the averaged weights of backbone and heads; return the model card."""
        tasks: Any = self.ema.module
        for name, module in ((WEIGHTS, tasks.backbone), (HEADS, tasks.head)):
            tensors = {key: value.detach().cpu().contiguous() for key, value in module.state_dict().items()}
            (folder / name).write_bytes(write_tensors(tensors))
        digest = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
        return {**self._settings(), "sha256": digest, "seconds": round(self.seconds), "compute": asdict(self.compute)}


def rate_at(step: int, steps: int) -> float:
    """Return the learning rate as a fraction of its peak: linear warm-up, constant, and linear decay to 0 at the end.

    Until the decay begins it does not depend on the number of steps, so a run may be prolonged or cut short until then.
    """
    return min((step + 1) / WARM_UP, 1.0, (steps - step) / (COOLING * steps))
