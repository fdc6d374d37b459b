"""Train a W-Net, from labelled cubes to a checkpoint, top to bottom."""

import datetime
import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ml.cubes.calibration import calibrate
from ml.cubes.losses import cross_entropy, dice_loss
from ml.cubes.model import ROLE, CubeModel, enough_memory
from ml.cubes.presets import Preset
from ml.cubes.sampler import Batch, Crops, Example
from ml.cubes.validation import Validation, validate
from ml.data.dataset import BadExamples, grouped_folds
from ml.inference.checkpoint import Checkpoint, code_version
from ml.models.autotune import autotune
from ml.models.compute import Compute, limit_torch
from ml.models.wnet import WNet, parameters_of
from ml.training.callbacks import Epoch, OnEpoch, silent
from ml.training.memory import keep_freed_memory
from ml.training.schedule import Best, Clock

CLASSES, POSITIVE = ("empty", "mover"), ("mover",)
FOLDS = 6  # one of which is for validation
LARGEST_GRADIENT = 1.0
DECAY = 1e-4
SMALLER = "Take the preset 'cpu', a smaller --crop or a smaller --batch."


@keep_freed_memory()
def train_cubes(
    examples: Sequence[Example],
    preset: Preset,
    *,
    name: str = "cpu",
    normalisation: str = "asinh",
    seed: int = 0,
    minutes: float | None = None,
    device: str = "auto",
    on_epoch: OnEpoch = silent,
) -> Checkpoint:
    """Train a checkpoint of the role "cube".

    Parameters
    ----------
    examples
        Cubes with masks; cubes of one object group stay on one side of the train-validation split.
    preset, name
        Size and schedule, and its name in the checkpoint.
    normalisation
        "adaptive", "asinh" or "raw".
    seed
        Seeds split, weights and crops. Without `minutes` the same seed on the same machine gives the same model.
    minutes
        Time limit, including the final validation; the learning rate falls to 0 as it approaches.
    on_epoch
        Called after every round; it may raise `ml.training.callbacks.Cancelled` to end the run.

    Raises
    ------
    BadExamples
        If the cubes can't be used for training; the message says why and what to do.
    MemoryShort
        If there is not enough memory for the preset.
    """
    limit_torch()
    taught, kept = split(examples, seed)
    crops = Crops(taught, preset.crop, preset.batch, seed)
    torch.manual_seed(seed)
    model = CubeModel(WNet(preset.widths, preset.depth, normalisation, len(examples[0].views)), device=device)
    optimizer = torch.optim.AdamW(model.network.parameters(), lr=preset.rate, weight_decay=DECAY)
    first = torch.from_numpy(Crops(taught, preset.crop, preset.batch, seed).draw().views)
    best = Best(preset.patience)
    with enough_memory(SMALLER):
        compute = autotune(model.network, first.to(model.device))
        clock = Clock(preset.steps, None if minutes is None else minutes - ending(model, kept, minutes))
        with compute.limited():
            rounds = learn(model, compute, optimizer, crops, kept[: preset.judged], preset, clock, best, on_epoch)
        best.restore(model.network)
        found = validate(model, kept)
        scale, shift = calibrate(model.network, found.histogram)
        seen = validate(model, kept)
    return Checkpoint(
        manifest(model, preset, seen, clock, len(examples), name=name, normalisation=normalisation, seed=seed)
        | {"compute": compute.as_manifest(), "notes": clock.notes()}
        | {"rounds": rounds, "calibration": {"scale": scale, "shift": shift, "dice_loss_before": found.dice_loss}},
        {f"cube.{key}": value for key, value in model.network.state_dict().items()},
    )


def split(examples: Sequence[Example], seed: int) -> tuple[list[Example], list[Example]]:
    """Return the training and the validation cubes, both with movers.

    Raises
    ------
    BadExamples
        If there are too few groups, or no mover at all.
    """
    moving = np.array([bool(example.mask.any()) for example in examples], dtype=bool)
    groups = np.array([example.group for example in examples])
    if not moving.any():
        raise BadExamples(
            f"None of the {len(examples)} cubes has a voxel of a mover in its mask: there is nothing"
            " to train on. Add cubes with movers."
        )
    if len(set(groups[moving])) < 2:
        raise BadExamples(
            "All cubes with movers are of one object_group, so none is left for validation. Add cubes of another group."
        )
    folds = grouped_folds(groups, moving, min(FOLDS, len(set(groups[moving]))), seed)
    # The first fold with a mover: with few groups, a fold may have none.
    chosen = next(
        fold for fold in range(folds.max() + 1) if moving[folds == fold].any() and moving[folds != fold].any()
    )
    order = np.random.default_rng(seed).permutation(len(examples))
    kept = [examples[row] for row in order if folds[row] == chosen]
    kept.sort(key=lambda example: not example.mask.any())  # those with movers first: not all are used each round
    return [examples[row] for row in order if folds[row] != chosen], kept


def ending(model: CubeModel, kept: Sequence[Example], minutes: float) -> float:
    """Return the expected minutes of two more validations: at most half of the total."""
    started = time.monotonic()
    validate(model, kept[:1])
    looks = 2 * sum(example.mask.size for example in kept) / kept[0].mask.size
    return min(looks * (time.monotonic() - started) / 60, minutes / 2)


def learn(
    model: CubeModel,
    compute: Compute,
    optimizer: torch.optim.Optimizer,
    crops: Crops,
    kept: Sequence[Example],
    preset: Preset,
    clock: Clock,
    best: Best,
    on_epoch: OnEpoch,
) -> int:
    """Train until the schedule, the time limit or early stopping ends it; return the number of rounds."""
    number, losses = 0, []
    while not number or clock.progress < 1:
        losses.append(take_step(model, compute, crops.draw(), preset, optimizer, preset.rate * clock.rate()))
        clock.step += 1
        if clock.progress < (number + 1) / preset.rounds:
            continue
        number += 1
        seen = validate(model, kept)
        on_epoch(Epoch(number, preset.rounds, float(np.mean(losses)), seen.dice_loss, seen.figures()))
        losses = []
        if best.offer(seen.dice_loss, model.network):
            break
    return number


def take_step(
    model: CubeModel, compute: Compute, batch: Batch, preset: Preset, optimizer: torch.optim.Optimizer, rate: float
) -> float:
    """Take one optimiser step, and return its loss."""
    compute.place(model.network, model.device).train()
    views = compute.place(torch.from_numpy(batch.views), model.device)
    truth, measured = (torch.from_numpy(part)[:, None].to(model.device) for part in (batch.truth, batch.measured))
    with compute.autocast(model.device):
        logits = model.network(views)
    loss = loss_of(logits.float(), truth, measured, preset) + preset.variance * model.network.variance_loss()
    if not math.isfinite(loss.item()):
        raise BadExamples("The loss became NaN: the cubes contain extreme values. Check their units.")
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.network.parameters(), LARGEST_GRADIENT)
    optimizer.step()
    return loss.item()


def loss_of(logits: Tensor, truth: Tensor, measured: Tensor, preset: Preset) -> Tensor:
    """Return the Dice loss, plus the preset's multiple of the cross entropy."""
    loss = dice_loss(logits.sigmoid(), truth, measured)
    return loss + preset.entropy * cross_entropy(logits, truth, measured) if preset.entropy else loss


def manifest(
    model: CubeModel,
    preset: Preset,
    seen: Validation,
    clock: Clock,
    examples: int,
    *,
    name: str,
    normalisation: str,
    seed: int,
) -> dict[str, Any]:
    """Return the checkpoint's manifest."""
    preprocessing = {"normalisation": normalisation, "widths": list(preset.widths), "depth": preset.depth}
    preprocessing["views"] = model.network.views
    return {
        "role": ROLE,
        "classes": list(CLASSES),
        "positive": list(POSITIVE),
        "architecture": "wnet-" + "-".join(map(str, preset.widths)) + f"x{preset.depth}",
        "parameters": parameters_of(model.network),
        "init": "random",
        "preset": name,
        "preprocessing": preprocessing,
        "feature_key": "",  # no frozen features: the network reads pixels
        "training_set": "",
        "examples": examples,
        "crop": preset.crop,
        "batch": preset.batch,
        "steps": clock.step,
        "training_seconds": round(time.monotonic() - clock.start, 1),
        "threshold": seen.threshold(),
        "code_version": code_version(),
        "seed": seed,
        "metrics": seen.figures() | {"dice_loss": seen.dice_loss},
        "created": datetime.datetime.fromtimestamp(time.time(), datetime.UTC).isoformat(timespec="seconds"),
    }
