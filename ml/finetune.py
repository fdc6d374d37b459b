"""Train a whole network on pixels: from a frozen backbone, from a champion, or a small one from nothing."""

import copy
import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ml.augment import shifted, turned
from ml.backbone import Backbone, prepare
from ml.chips import Chips, load_chips
from ml.dataset import Examples
from ml.epoch import Epoch, OnEpoch
from ml.head import LinearHead
from ml.judge import Judge
from ml.loss import partial_label_loss, weighted_mean
from ml.schedule import Best, Clock, Schedule

BATCH = 64
MOMENTUM = 0.2
GPU_FACTOR = 20  # a GPU shows so many times more chips in the same time


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
) -> tuple[nn.Module, LinearHead]:
    """Train backbone and head together, and return both as they were in their best round.

    Parameters
    ----------
    examples
        With pixels.
    start
        The network to begin from, which is copied, and its preprocessing.
    head
        A head that knows the network's features: then the result is no worse than the two as they are, and batch
        normalisation is held. None for a fresh one.
    rows
        Row numbers (train, validation); rounds are judged on the first `schedule.judged` of the latter.
    schedule, seed, minutes, on_epoch
        As in `ml.train.train`.
    """
    chips = load_chips(examples, rows[0], start.preprocessing)
    judge = Judge(examples, rows[1][: schedule.judged])
    unseen = load_chips(examples, judge.rows, start.preprocessing)
    network = copy.deepcopy(start.network)
    linear = _linear(head, int(network.num_features), len(examples.classes), seed)  # type: ignore[arg-type]
    model = nn.Sequential(prepare(network, start.preprocessing, chips.pixels.shape[1]), linear)
    if head is None:
        _let_norms_follow(network)
    model.to(start.device).to(memory_format=torch.channels_last)
    optimiser = _optimiser(network, linear, schedule)
    clock, best, batches = (
        Clock(_steps(chips, schedule, start.device), minutes),
        Best(schedule.patience),
        _batches(chips, seed),
    )
    if head is not None:
        best.offer(judge.stamp(_log_scores(model, unseen))[0], model)
    for epoch in range(1, schedule.rounds + 1):
        _learning(model, holds_norms=head is not None)
        loss = _round(model, optimiser, batches, clock, until=epoch / schedule.rounds)
        said = judge.stamp(_log_scores(model, unseen))
        on_epoch(Epoch(epoch, schedule.rounds, loss, *said))
        if best.offer(said[0], model) or clock.progress >= 1:
            break
    best.restore(model)
    model.cpu().eval()
    return network, LinearHead(linear.weight.detach().clone(), linear.bias.detach().clone())


def _sixteen_bits(model: nn.Module, device: torch.device) -> torch.autocast:
    """Compute in bfloat16 where that is faster: on a CPU, convolutions by channel (lite0) take twice as long."""
    by_channel = any(isinstance(module, nn.Conv2d) and module.groups > 1 for module in model.modules())
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type != "cpu" or not by_channel)


def _let_norms_follow(network: nn.Module) -> None:
    """Let running statistics forget photographs in tens of steps: timm's tf_ nets take hundreds."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = MOMENTUM


def _learning(model: nn.Module, *, holds_norms: bool) -> None:
    """Let the model learn; with `holds_norms` its batch normalisation stays what the head that it began with knows."""
    model.train()
    for module in model.modules():
        if holds_norms and isinstance(module, nn.BatchNorm2d):
            module.eval()


def _round(
    model: nn.Module, optimiser: torch.optim.Optimizer, batches: Iterator[Chips], clock: Clock, *, until: float
) -> float:
    device = next(model.parameters()).device
    losses: list[Tensor] = []
    while clock.progress < until or not losses:
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * clock.rate()
        batch = next(batches)
        with _sixteen_bits(model, device):
            logits = model(batch.pixels.to(device, memory_format=torch.channels_last)).float()
        loss = weighted_mean(partial_label_loss(logits, batch.targets.to(device)), batch.weights.to(device))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        losses.append(loss.detach())
        clock.step += 1
    return float(torch.stack(losses).mean())


def _log_scores(model: nn.Module, chips: Chips) -> Tensor:
    model.eval()
    device = next(model.parameters()).device
    with torch.inference_mode(), _sixteen_bits(model, device):
        parts = [model(part.float().to(device, memory_format=torch.channels_last)) for part in chips.pixels.split(256)]
    scores = torch.cat(parts).float().cpu().log_softmax(1)
    return scores.reshape(-1, chips.frames, scores.shape[1]).clone()


def _batches(chips: Chips, seed: int) -> Iterator[Chips]:
    random = torch.Generator().manual_seed(seed)
    while True:
        for rows in torch.randperm(len(chips), generator=random).split(BATCH):
            pixels = shifted(turned(chips.pixels[rows].float(), random), random)
            if len(rows) > 1:  # batch normalisation needs two
                yield Chips(pixels, chips.targets[rows], chips.weights[rows], 1)


def _steps(chips: Chips, schedule: Schedule, device: torch.device) -> int:
    views = schedule.views * (GPU_FACTOR if device.type == "cuda" else 1)
    return max(schedule.rounds, math.ceil(min(views, schedule.repeats * len(chips)) / BATCH))


def _linear(head: LinearHead | None, dimensions: int, classes: int, seed: int) -> nn.Linear:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        linear = nn.Linear(dimensions, classes)
    if head is not None:
        linear.load_state_dict({"weight": head.weight, "bias": head.bias})
    return linear


def _optimiser(network: nn.Module, linear: nn.Linear, schedule: Schedule) -> torch.optim.Optimizer:
    groups = [
        {"params": list(network.parameters()), "peak": schedule.rate * schedule.body},
        {"params": list(linear.parameters()), "peak": schedule.rate},
    ]
    return torch.optim.AdamW(groups, lr=schedule.rate, weight_decay=0.02)
