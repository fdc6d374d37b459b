"""Train the trail network on patches."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ml.data.tensors import prefetch
from ml.models.autotune import autotune
from ml.models.compute import Compute
from ml.models.trail import TrailNet
from ml.trails.annotation import CLASSES
from ml.trails.patch_sampler import Labelled, PatchBatch, batches
from ml.training.callbacks import Epoch, OnEpoch
from ml.training.ema import ema_of
from ml.training.memory import keep_freed_memory
from ml.training.resumable_training import ResumableTraining, stored_compute
from ml.training.schedule import Clock
from ml.training.training_state import StateFile, run_identity

CPU = torch.device("cpu")
BATCH = 8
STEPS = 1200
ROUNDS = 20
RATE = 3e-3
TRAIL_WEIGHT, THING_WEIGHT = 2.0, 1.5  # of cells on a trail, and on what looks like one, against one of sky
LINE_WEIGHT = 1.0  # of direction and offset against the classes
EMA_DECAY = 0.995  # Polyak & Juditsky 1992


@keep_freed_memory()
def train_network(
    net: TrailNet,
    images: Sequence[Labelled],
    *,
    seed: int,
    minutes: float | None,
    steps: int = STEPS,
    rate: float = RATE,
    known: bool = True,
    on_epoch: OnEpoch,
    state: StateFile | None = None,
) -> tuple[TrailNet, Compute, list[str]]:
    """Return the EMA of a network that is trained on crops of the images, how it was computed, and notes.

    Parameters
    ----------
    net
        Initial network; changed in place.
    minutes
        Time limit; None for `steps` only.
    rate
        Peak learning rate.
    known
        Whether the annotations of an image are complete. If not (volunteers mark only trails), the rest may be anything
        but a trail.
    on_epoch
        Called twenty times in a run; the losses are means since the last call, "val_loss" is the classes' part.
    state
        Where to save the state after each of these, from which the same run resumes if it was killed.
    """
    clock = Clock(steps, minutes)
    run = "" if state is None else _identity(net, images, (seed, minutes, steps, rate, known))
    stored = None if state is None else state.read(run)
    rng = np.random.default_rng(seed)
    ema = ema_of(net, EMA_DECAY)
    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=0.02)
    compute = stored_compute(stored, CPU) or autotune(
        net, torch.from_numpy(next(batches(images, BATCH, np.random.default_rng(seed))).images)
    )
    compute.place(net, CPU).train()
    training = ResumableTraining(net, optimiser, compute, clock, ema)
    notes = []
    if state is not None and stored is not None:
        rng.bit_generator.state = stored.scalars["draws"]
        notes = [training.resume(stored, state)]

    def finish_epoch(epoch: Epoch, draws: Mapping[str, Any]) -> None:
        on_epoch(epoch)
        training.epoch = epoch.epoch
        if state is not None:
            state.write(run, training.state({}, draws=draws))

    with compute.limited():
        _steps(training, prefetch(batches(images, BATCH, rng)), rate, known, finish_epoch)
    net.load_state_dict(ema.module.state_dict())
    return net.eval(), compute, notes + clock.notes()


def _steps(
    training: ResumableTraining,
    batches_seen: Iterable[PatchBatch],
    rate: float,
    known: bool,
    finish_epoch: Callable[[Epoch, Mapping[str, Any]], None],
) -> None:
    """Train until the run is over; one that was killed after its last epoch takes no step."""
    clock = training.clock
    losses: list[tuple[float, float]] = []
    for batch in batches_seen:
        if training.epoch == ROUNDS:
            return
        losses.append(_step(training, batch, rate * clock.rate(), known))
        clock.tick()
        if clock.progress * ROUNDS >= training.epoch + 1 or clock.progress >= 1:
            mean = np.mean(losses, axis=0)
            finish_epoch(Epoch(int(clock.progress * ROUNDS), ROUNDS, float(mean.sum()), float(mean[0])), batch.draws)
            losses.clear()


def _step(training: ResumableTraining, batch: PatchBatch, rate: float, known: bool) -> tuple[float, float]:
    """Take one optimiser step; return its losses."""
    for group in training.optimiser.param_groups:
        group["lr"] = rate
    with training.compute.autocast(CPU):
        maps = training.model(training.compute.place(torch.from_numpy(batch.images), CPU))
    classes, lines = trail_loss(maps.float(), batch, known)
    training.optimiser.zero_grad(set_to_none=True)
    (classes + LINE_WEIGHT * lines).backward()
    torch.nn.utils.clip_grad_norm_(training.model.parameters(), 5.0)
    training.optimiser.step()
    if training.ema is not None:
        training.ema.update_parameters(training.model)
    return classes.item(), lines.item()


def _identity(net: TrailNet, images: Sequence[Labelled], settings: object) -> str:
    annotations = [annotation for image in images for annotation in image.annotations]
    painted = [(each.label, each.width, each.weight, len(each.curve)) for each in annotations]
    arrays = [value.numpy() for value in net.state_dict().values()]
    arrays += [image.noise_units for image in images] + [each.curve for each in annotations]
    shapes = [(image.noise_units.shape, len(image.annotations)) for image in images]
    return run_identity((settings, painted, shapes), arrays)


def trail_loss(maps: Tensor, batch: PatchBatch, known: bool) -> tuple[Tensor, Tensor]:
    """Return the loss of the classes and that of directions and offsets, for maps (B, K + 3, h, w).

    The former is the cross-entropy over the classes a cell may have, each cell weighted by its class and sample weight;
    the latter a smooth L1 (Girshick 2015, Fast R-CNN) over the cells on a line.
    """
    label = torch.from_numpy(np.stack([target.label for target in batch.targets])).long()
    line = torch.from_numpy(np.stack([target.line for target in batch.targets]))
    sample_weight = torch.from_numpy(np.stack([target.weight for target in batch.targets]))
    count = 1 + len(CLASSES)
    weights = torch.full((count,), THING_WEIGHT)
    weights[0], weights[1] = 1.0, TRAIL_WEIGHT
    log_probabilities = maps[:, :count].log_softmax(1)
    log_p = log_probabilities.gather(1, label[:, None])[:, 0]
    if not known:
        others = torch.cat([log_probabilities[:, :1], log_probabilities[:, 2:]], dim=1).logsumexp(1)
        log_p = torch.where(label == 0, others, log_p)
    weight = weights[label] * sample_weight
    classes = -(weight * log_p).sum() / weight.sum()
    on_line = (label > 0).float() * sample_weight
    apart = functional.smooth_l1_loss(maps[:, count:], line, beta=0.25, reduction="none").sum(1)
    return classes, (apart * on_line).sum() / on_line.sum().clamp(min=1)
