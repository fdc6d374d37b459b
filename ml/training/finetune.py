"""Fine-tune a network on pixels: from ImageNet, from a champion, or a small one from scratch."""

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ml.data.dataset import BadExamples, Examples
from ml.data.tensors import FrameTensors, load_frames
from ml.inference.feature_extractor import Backbone, prepare
from ml.models.autotune import autotune
from ml.models.compute import Compute
from ml.models.input_adapters import Adapted
from ml.models.stamp import dimensions
from ml.training.callbacks import Epoch, OnEpoch
from ml.training.ema import ema_of
from ml.training.fixmatch import MatchedBatches
from ml.training.learner import Batches, Learner
from ml.training.linear_probe import LinearHead
from ml.training.memory import keep_freed_memory
from ml.training.resumable_training import stored_compute
from ml.training.schedule import Best, Clock, Schedule
from ml.training.training_state import State, StateFile, run_identity
from ml.training.validator import LossAndMetrics, Validator

MOMENTUM = 0.2
DECAY = 0.02


@keep_freed_memory()
def finetune(
    examples: Examples,
    start: Backbone,
    probe: Callable[[], LinearHead] | None,
    rows: tuple[NDArray[np.intp], NDArray[np.intp]],
    schedule: Schedule,
    *,
    seed: int,
    minutes: float | None,
    on_epoch: OnEpoch,
    state: StateFile | None = None,
    pool: Tensor | None = None,
) -> tuple[nn.Module, LinearHead, Compute]:
    """Train backbone and head together; return both from their best epoch, and the compute settings.

    Parameters
    ----------
    examples
        With pixels.
    start
        The initial network, which is copied, and its preprocessing.
    probe
        Fits a head on the network's features: then the result is no worse than both as given, and batch norms are
        frozen. None for a new head. A resumed training does not call it.
    rows
        Row numbers (train, validation); rounds are evaluated on the first `schedule.judged` of the latter, or as many
        as fit into memory.
    schedule, seed, minutes, on_epoch, state
        As in `ml.roles.train_role.train`.
    pool
        Unlabelled frames (n, C, H, W), for FixMatch. Its epochs are evaluated after temperature scaling, as its result
        will be, since it makes a network certain; and it may be worse than the network and head as given, since few
        labels cannot tell.

    Raises
    ------
    BadExamples
        If the training rows have a single frame, too few for a batch.
    """
    frames = _training_frames(examples, rows[0], start)
    val_frames = load_frames(examples, rows[1][: schedule.judged], start.preprocessing)
    judge = Validator(examples, val_frames.rows)
    judged = judge.stamp if pool is None else judge.calibrated_stamp
    run = "" if state is None else _identity(start, frames, val_frames, pool, schedule, seed, minutes)
    stored = None if state is None else state.read(run)
    head = probe() if probe is not None and stored is None else None
    holds_norms = probe is not None or not schedule.backbone_lr_scale
    network, linear, model = _initial_model(start, head, frames.pixels.shape[1], len(examples.classes), seed)
    if probe is None:
        _let_norms_follow(network)
    _learning(model, holds_norms=holds_norms)
    learner = _learner(model, network, linear, frames, schedule, start.device, minutes, stored)
    batches = _batches(frames, pool, seed, schedule, start.preprocessing.sky_noise, examples.positive_index)
    if state is not None and stored is not None:
        batches.restore(stored)
        examples.notes.append(learner.resume(stored, state))
    with learner.compute.limited():
        if head is not None and pool is None:
            learner.best.offer(judged(learner.log_scores(val_frames))[0], model)
        for epoch in _epochs(learner, batches, schedule.rounds, judged, val_frames, holds_norms=holds_norms):
            on_epoch(epoch)
            learner.best.offer(epoch.val_loss, learner.judged)
            if state is not None:
                state.write(run, learner.state(batches.tensors(), at=batches.at))
    examples.notes.extend(learner.notes(schedule.rounds))
    learner.best.restore(model)
    model.cpu().eval()
    return network, LinearHead(linear.weight.detach().clone(), linear.bias.detach().clone()), learner.compute


def _training_frames(examples: Examples, rows: NDArray[np.intp], start: Backbone) -> FrameTensors:
    frames = load_frames(examples, rows, start.preprocessing)
    if len(frames) < 2:
        raise BadExamples(
            "Only one example is left for training, but a network needs two or more (batch normalisation)."
            " Add examples of other objects, or use preset head."
        )
    return frames


def _batches(
    frames: FrameTensors, pool: Tensor | None, seed: int, schedule: Schedule, noise: float, positive: list[int]
) -> Batches:
    if pool is None:
        return Batches(frames, seed, schedule, noise)
    return MatchedBatches(frames, pool, seed, schedule, noise, positive)


def _epochs(
    learner: Learner,
    batches: Batches,
    rounds: int,
    judged: Callable[[Tensor], LossAndMetrics],
    val_frames: FrameTensors,
    *,
    holds_norms: bool,
) -> Iterator[Epoch]:
    """Train and validate, epoch by epoch, until the schedule, the time limit or early stopping ends it."""
    while learner.epoch < rounds and not learner.is_over:
        _learning(learner.model, holds_norms=holds_norms)
        loss = learner.train_epoch(batches, rounds)
        yield Epoch(learner.epoch, rounds, loss, *judged(learner.log_scores(val_frames)))


def _initial_model(
    start: Backbone, head: LinearHead | None, channels: int, classes: int, seed: int
) -> tuple[nn.Module, nn.Linear, nn.Sequential]:
    """Return a copy of the network, the head's layer, and both with the input's preparation on the device."""
    network = copy.deepcopy(start.network)
    linear = _linear(head, dimensions(network), classes, seed)
    return network, linear, nn.Sequential(prepare(network, start.preprocessing, channels), linear).to(start.device)


def _learner(
    model: nn.Module,
    network: nn.Module,
    linear: nn.Linear,
    frames: FrameTensors,
    schedule: Schedule,
    device: torch.device,
    minutes: float | None,
    stored: State | None,
) -> Learner:
    """Return the learner before its first epoch, with the compute settings that the training began with, if any."""
    example = frames.pixels[: schedule.batch + schedule.unlabelled]
    compute = stored_compute(stored, device) or autotune(model, example.to(device))
    compute.place(model, device)
    ema = ema_of(model, schedule.ema) if schedule.ema else None
    clock = Clock(_steps(frames, schedule), minutes)
    optimiser = _optimiser(network, linear, schedule)
    return Learner(model, optimiser, compute, clock, ema, best=Best(schedule.patience))


def _identity(
    start: Backbone,
    frames: FrameTensors,
    val_frames: FrameTensors,
    pool: Tensor | None,
    schedule: Schedule,
    seed: int,
    minutes: float | None,
) -> str:
    settings = (start.feature_key, tuple(frames.pixels.shape), asdict(schedule), seed, minutes)
    data = [values.numpy() for each in (frames, val_frames) for values in (each.pixels, each.targets, each.weights)]
    return run_identity(settings, data if pool is None else [*data, pool.numpy()])


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


def _steps(frames: FrameTensors, schedule: Schedule) -> int:
    views_shown = min(schedule.views, max(schedule.fewest, schedule.repeats * len(frames)))
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
