"""Train the trail network on patches."""

import copy
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ml.data.tensors import prefetch
from ml.models.autotune import autotune
from ml.models.compute import Compute
from ml.models.trail import TrailNet
from ml.trails.annotation import CLASSES
from ml.trails.patch_sampler import Batch, Labelled, batches
from ml.training.callbacks import Epoch, OnEpoch
from ml.training.memory import keep_freed_memory
from ml.training.schedule import Clock

CPU = torch.device("cpu")
BATCH = 8
STEPS = 1200
ROUNDS = 20
RATE = 3e-3
TRAIL_WEIGHT, THING_WEIGHT = 2.0, 1.5  # weights of cells on a trail, and on a look-alike, relative to sky
LINE_WEIGHT = 1.0  # weights of direction and offset relative to the classes
AVERAGED = 0.995  # decay of the averaged weights (Polyak & Juditsky 1992)


@keep_freed_memory()
def learn(
    net: TrailNet,
    images: Sequence[Labelled],
    *,
    seed: int,
    minutes: float | None,
    steps: int = STEPS,
    rate: float = RATE,
    known: bool = True,
    on_epoch: OnEpoch,
) -> tuple[TrailNet, Compute, list[str]]:
    """Return a network trained on crops with an average of its weights, its compute settings, and notes.

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
    """
    clock = Clock(steps, minutes)
    rng = np.random.default_rng(seed)
    kept = copy.deepcopy(net).eval()
    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=0.02)
    compute = autotune(net, torch.from_numpy(next(batches(images, BATCH, np.random.default_rng(seed))).images))
    compute.place(net, CPU).train()
    with compute.limited():
        _steps(net, kept, prefetch(batches(images, BATCH, rng)), optimiser, clock, compute, rate, known, on_epoch)
    return kept, compute, clock.notes()


def _steps(
    net: TrailNet,
    kept: TrailNet,
    shown: Iterable[Batch],
    optimiser: torch.optim.Optimizer,
    clock: Clock,
    compute: Compute,
    rate: float,
    known: bool,
    on_epoch: OnEpoch,
) -> None:
    told = 0
    losses: list[tuple[float, float]] = []
    for batch in shown:
        for group in optimiser.param_groups:
            group["lr"] = rate * clock.rate()
        with compute.autocast(CPU):
            maps = net(compute.place(torch.from_numpy(batch.images), CPU))
        classes, lines = loss_of(maps.float(), batch, known)
        optimiser.zero_grad(set_to_none=True)
        (classes + LINE_WEIGHT * lines).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        clock.step += 1
        _follow(kept, net, min(AVERAGED, 1 - 1 / (1 + clock.step / 5)))
        losses.append((classes.item(), lines.item()))
        if clock.progress * ROUNDS >= told + 1 or clock.progress >= 1:
            told = int(clock.progress * ROUNDS)
            mean = np.mean(losses, axis=0)
            on_epoch(Epoch(told, ROUNDS, float(mean.sum()), float(mean[0])))
            losses.clear()
        if clock.progress >= 1:
            return


def loss_of(maps: Tensor, batch: Batch, known: bool) -> tuple[Tensor, Tensor]:
    """Return the loss of the classes and that of directions and offsets, for maps (B, K + 3, h, w).

    The former is the cross-entropy over the classes a cell may have, each cell weighted by its class and sample weight;
    the latter a smooth L1 (Girshick 2015, Fast R-CNN) over the cells on a line.
    """
    label = torch.from_numpy(np.stack([target.label for target in batch.targets])).long()
    line = torch.from_numpy(np.stack([target.line for target in batch.targets]))
    trust = torch.from_numpy(np.stack([target.weight for target in batch.targets]))
    count = 1 + len(CLASSES)
    weights = torch.full((count,), THING_WEIGHT)
    weights[0], weights[1] = 1.0, TRAIL_WEIGHT
    log_shares = maps[:, :count].log_softmax(1)
    said = log_shares.gather(1, label[:, None])[:, 0]
    if not known:
        others = torch.cat([log_shares[:, :1], log_shares[:, 2:]], dim=1).logsumexp(1)
        said = torch.where(label == 0, others, said)
    weight = weights[label] * trust
    classes = -(weight * said).sum() / weight.sum()
    held = (label > 0).float() * trust
    apart = functional.smooth_l1_loss(maps[:, count:], line, beta=0.25, reduction="none").sum(1)
    return classes, (apart * held).sum() / held.sum().clamp(min=1)


@torch.no_grad()
def _follow(kept: TrailNet, net: TrailNet, slowness: float) -> None:
    for mean, fresh in zip(kept.state_dict().values(), net.state_dict().values(), strict=True):
        if mean.dtype.is_floating_point:
            mean.lerp_(fresh, 1 - slowness)
        else:
            mean.copy_(fresh)
