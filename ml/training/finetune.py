"""Fine-tune a network on pixels: from ImageNet, from a champion, or a small one from scratch."""

import copy
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from ml.data.augmentation import AUGMENTS
from ml.data.dataset import BadExamples, Examples
from ml.data.tensors import Chips, load_chips
from ml.inference.feature_extractor import Backbone, prepare
from ml.models.autotune import autotune
from ml.models.compute import Compute
from ml.models.input_adapters import Adapted
from ml.models.stamp import dimensions
from ml.training.callbacks import Epoch, OnEpoch
from ml.training.ema import ema_of
from ml.training.linear_probe import LinearHead
from ml.training.losses import partial_label_loss, weighted_mean
from ml.training.memory import keep_freed_memory
from ml.training.schedule import Best, Clock, Schedule
from ml.training.validator import Validator

MOMENTUM = 0.2
DECAY = 0.02


@keep_freed_memory()
def finetune(
    examples: Examples,
    start: Backbone,
    head: LinearHead | None,
    rows: tuple[NDArray[np.intp], NDArray[np.intp]],
    schedule: Schedule,
    *,
    seed: int,
    minutes: float | None,
    on_epoch: OnEpoch,
) -> tuple[nn.Module, LinearHead, Compute]:
    """Train backbone and head together; return both from their best epoch, and the compute settings.

    Parameters
    ----------
    examples
        With pixels.
    start
        The initial network, which is copied, and its preprocessing.
    head
        A head fitted on the network's features: then the result is no worse than both as given, and batch norms are
        frozen. None for a new one.
    rows
        Row numbers (train, validation); rounds are evaluated on the first `schedule.judged` of the latter, or as many
        as fit into memory.
    schedule, seed, minutes, on_epoch
        As in `ml.roles.train_role.train`.

    Raises
    ------
    BadExamples
        If the training rows have a single chip, too few for a batch.
    """
    chips = load_chips(examples, rows[0], start.preprocessing)
    if len(chips) < 2:
        raise BadExamples(
            "Only one example is left for training, but a network needs two or more (batch normalisation)."
            " Add examples of other objects, or use preset head."
        )
    val_chips = load_chips(examples, rows[1][: schedule.judged], start.preprocessing)
    judge = Validator(examples, val_chips.rows)
    network = copy.deepcopy(start.network)
    linear = _linear(head, dimensions(network), len(examples.classes), seed)
    model = nn.Sequential(prepare(network, start.preprocessing, chips.pixels.shape[1]), linear)
    if head is None:
        _let_norms_follow(network)
    model.to(start.device)
    _learning(model, holds_norms=head is not None or not schedule.backbone_lr_scale)
    compute = autotune(model, chips.pixels[: schedule.batch].to(start.device))
    compute.place(model, start.device)
    ema = ema_of(model, schedule.ema) if schedule.ema else None
    learner = _Learner(model, _optimiser(network, linear, schedule), compute, ema)
    clock, best = Clock(_steps(chips, schedule), minutes), Best(schedule.patience)
    batches = _batches(chips, seed, schedule, start.preprocessing.sky_noise)
    with compute.limited():
        if head is not None:
            best.offer(judge.stamp(learner.log_scores(val_chips))[0], model)
        for epoch in range(1, schedule.rounds + 1):
            _learning(model, holds_norms=head is not None or not schedule.backbone_lr_scale)
            loss = learner.round(batches, clock, until=epoch / schedule.rounds)
            val_metrics = judge.stamp(learner.log_scores(val_chips))
            on_epoch(Epoch(epoch, schedule.rounds, loss, *val_metrics))
            if best.offer(val_metrics[0], learner.judged) or clock.progress >= 1:
                break
    examples.notes.extend(clock.notes())
    best.restore(model)
    model.cpu().eval()
    return network, LinearHead(linear.weight.detach().clone(), linear.bias.detach().clone()), compute


def _let_norms_follow(network: nn.Module) -> None:
    """Speed up the running statistics of batch norms, to forget photographs in tens of steps instead of hundreds."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = MOMENTUM


def _learning(model: nn.Module, *, holds_norms: bool) -> None:
    """Set training mode; with `holds_norms`, batch norms stay frozen as the initial head knows them."""
    model.train()
    for module in model.modules():
        if holds_norms and isinstance(module, nn.BatchNorm2d):
            module.eval()


class _Learner:
    """A model in training: its optimiser steps, and the moving average that is evaluated."""

    def __init__(
        self, model: nn.Module, optimiser: torch.optim.Optimizer, compute: Compute, ema: AveragedModel | None
    ) -> None:
        self.model, self.optimiser, self.compute, self.ema = model, optimiser, compute, ema
        self.device = next(model.parameters()).device

    @property
    def judged(self) -> nn.Module:
        return self.model if self.ema is None else self.ema.module

    def round(self, batches: Iterator[Chips], clock: Clock, *, until: float) -> float:
        """Train until a given fraction of the run is over; return the mean loss."""
        losses: list[Tensor] = []
        while clock.progress < until or not losses:
            losses.append(self._step(next(batches), clock.rate()))
            clock.step += 1
        return float(torch.stack(losses).mean())

    def _step(self, batch: Chips, rate: float) -> Tensor:
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * rate
        logits = self._logits(self.model, batch.pixels)
        loss = weighted_mean(partial_label_loss(logits, batch.targets.to(self.device)), batch.weights.to(self.device))
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
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


def _batches(chips: Chips, seed: int, schedule: Schedule, noise: float) -> Iterator[Chips]:
    random = torch.Generator().manual_seed(seed)
    while True:
        for rows in torch.randperm(len(chips), generator=random).split(schedule.batch):
            pixels = AUGMENTS[schedule.augment](chips.pixels[rows].float(), random, noise)
            if len(rows) > 1:  # batch normalisation needs two
                owners = chips.rows[(rows // chips.frames).numpy()]
                yield Chips(pixels, chips.targets[rows], chips.weights[rows], 1, owners)


def _steps(chips: Chips, schedule: Schedule) -> int:
    views_shown = min(schedule.views, max(schedule.fewest, schedule.repeats * len(chips)))
    return max(schedule.rounds, math.ceil(views_shown / schedule.batch))


def _linear(head: LinearHead | None, dimensions: int, classes: int, seed: int) -> nn.Linear:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        linear = nn.Linear(dimensions, classes)
    if head is not None:
        linear.load_state_dict({"weight": head.weight, "bias": head.bias})
    return linear


def _optimiser(network: nn.Module, linear: nn.Linear, schedule: Schedule) -> torch.optim.Optimizer:
    groups = [*_body(network, schedule), {"params": list(linear.parameters()), "peak": schedule.rate}]
    return torch.optim.AdamW(groups, lr=schedule.rate, weight_decay=DECAY)


def _body(network: nn.Module, schedule: Schedule) -> list[dict[str, Any]]:
    """Return the network's parameters with their learning rates; an input adapter gets the head's."""
    inner = network.network if isinstance(network, Adapted) else network
    groups: list[dict[str, Any]] = []
    if isinstance(network, Adapted):
        groups = [{"params": list(network.adapter.parameters()), "peak": schedule.rate}]
    if not schedule.backbone_lr_scale:
        inner.requires_grad_(False)
        return groups
    peak = schedule.rate * schedule.backbone_lr_scale
    if schedule.layer_decay == 1 or not hasattr(inner, "group_matcher"):
        return [*groups, {"params": list(inner.parameters()), "peak": peak}]
    from timm.optim import param_groups_layer_decay  # slow to import, as in ml.models.weights

    layers = param_groups_layer_decay(inner, DECAY, layer_decay=schedule.layer_decay)
    return groups + [
        {"params": one["params"], "weight_decay": one["weight_decay"], "peak": peak * one["lr_scale"]} for one in layers
    ]
