"""Train a W-Net, from labelled cubes to a checkpoint, top to bottom."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ml.cubes.losses import cross_entropy, dice_loss
from ml.cubes.model import ROLE, CubeModel, enough_memory
from ml.cubes.sampler import Crops, Example, VoxelBatch
from ml.cubes.voxel_validation import Validation, calibrate, validate
from ml.cubes.wnet_presets import Preset
from ml.data.dataset import BadExamples, grouped_folds
from ml.inference.checkpoint import Checkpoint, origin
from ml.models.autotune import autotune
from ml.models.compute import Compute, limit_torch
from ml.models.wnet import WNet, parameters_of
from ml.training.callbacks import Epoch, OnEpoch, silent
from ml.training.memory import keep_freed_memory
from ml.training.resumable_training import ResumableTraining, stored_compute
from ml.training.schedule import Best, Clock
from ml.training.training_state import State, StateFile, run_identity

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
    state: StateFile | None = None,
) -> Checkpoint:
    """Train a checkpoint of the role "cube".

    Raises BadExamples if the cubes can't be used for training; the message says why and what to do. Raises MemoryShort
    if there is not enough memory for the preset.

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
        Called after every round; an exception in it ends the run.
    state
        Where to save the state after every round, from which the same run resumes if it was killed.
    """
    limit_torch()
    train_part, val_examples = split_cubes(examples, seed)
    run = "" if state is None else _identity(examples, (preset, normalisation, seed, minutes))
    stored = None if state is None else state.read(run)
    crops = Crops(train_part, preset.crop, preset.batch, seed)
    torch.manual_seed(seed)
    model = CubeModel(WNet(preset.widths, preset.depth, normalisation, len(examples[0].channels)), device=device)
    first = torch.from_numpy(Crops(train_part, preset.crop, preset.batch, seed).draw().channels)
    best = Best(preset.patience)
    with enough_memory(SMALLER):
        compute = stored_compute(stored, model.device) or autotune(model.network, first.to(model.device))
        training = begin_training(model, compute, preset, best, val_examples, minutes)
        notes = resumption(training, model, crops, stored, state)

        def save() -> None:
            if state is not None:
                state.write(run, training.state({}, draws=crops.random.bit_generator.state))

        with compute.limited():
            run_rounds(model, training, crops, val_examples[: preset.judged], preset, best, on_epoch, save)
        notes += training.notes(preset.rounds)
        best.restore(model.network)
        validation, calibration = calibrated_validation(model, val_examples)
    clock = training.clock
    return Checkpoint(
        manifest(model, preset, validation, clock, len(examples), name=name, normalisation=normalisation, seed=seed)
        | {"compute": compute.as_manifest(), "notes": notes}
        | {"rounds": training.epoch, "calibration": calibration},
        {f"cube.{key}": value for key, value in model.network.state_dict().items()},
    )


def split_cubes(examples: Sequence[Example], seed: int) -> tuple[list[Example], list[Example]]:
    """Return the training and the validation cubes, both with movers.

    Raises BadExamples if there are too few groups, or no mover at all.
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
    val_examples = [examples[row] for row in order if folds[row] == chosen]
    val_examples.sort(
        key=lambda example: not example.mask.any()
    )  # those with movers first: only some are judged each round
    return [examples[row] for row in order if folds[row] != chosen], val_examples


def begin_training(
    model: CubeModel,
    compute: Compute,
    preset: Preset,
    best: Best,
    val_examples: Sequence[Example],
    minutes: float | None,
) -> ResumableTraining:
    """Return the training before its first round, with a clock that leaves time for the final validation."""
    optimizer = torch.optim.AdamW(model.network.parameters(), lr=preset.rate, weight_decay=DECAY)
    reserved = 0.0 if minutes is None else ending(model, val_examples, minutes)
    clock = Clock(preset.steps, minutes, reserved)
    return ResumableTraining(model.network, optimizer, compute, clock, best=best)


def resumption(
    training: ResumableTraining, model: CubeModel, crops: Crops, stored: State | None, state: StateFile | None
) -> list[str]:
    """Resume after the round of a stored state, if there is one; return a note of it."""
    if state is None or stored is None:
        return []
    training.compute.place(model.network, model.device)
    crops.random.bit_generator.state = stored.scalars["draws"]
    return [training.resume(stored, state)]


def calibrated_validation(model: CubeModel, val_examples: Sequence[Example]) -> tuple[Validation, dict[str, float]]:
    """Calibrate the network, and return its validation and the calibration for the checkpoint."""
    before = validate(model, val_examples)
    scale, shift = calibrate(model.network, before.histogram)
    return validate(model, val_examples), {"scale": scale, "shift": shift, "dice_loss_before": before.dice_loss}


def ending(model: CubeModel, val_examples: Sequence[Example], minutes: float) -> float:
    """Return the expected minutes of two more validations: at most half of the total."""
    started = time.monotonic()
    validate(model, val_examples[:1])
    cubes_to_see = 2 * sum(example.mask.size for example in val_examples) / val_examples[0].mask.size
    return min(cubes_to_see * (time.monotonic() - started) / 60, minutes / 2)


def _identity(examples: Sequence[Example], settings: Any) -> str:
    about = [(example.name, example.group, example.channels.shape, example.measured is None) for example in examples]
    arrays = [part for each in examples for part in (each.channels, each.mask, each.measured) if part is not None]
    return run_identity((settings, about), arrays)


def run_rounds(
    model: CubeModel,
    training: ResumableTraining,
    crops: Crops,
    val_examples: Sequence[Example],
    preset: Preset,
    best: Best,
    on_epoch: OnEpoch,
    save: Callable[[], None],
) -> None:
    """Train until the schedule, the time limit or early stopping ends it; save the state after each round."""
    clock, losses = training.clock, []
    while not training.epoch or (clock.progress < 1 and not best.is_exhausted):
        rate = preset.rate * clock.rate()
        losses.append(take_step(model, training.compute, crops.draw(), preset, training.optimiser, rate))
        clock.tick()
        if clock.progress < (training.epoch + 1) / preset.rounds:
            continue
        training.epoch += 1
        validation = validate(model, val_examples)
        on_epoch(
            Epoch(training.epoch, preset.rounds, float(np.mean(losses)), validation.dice_loss, validation.figures())
        )
        losses = []
        best.offer(validation.dice_loss, model.network)
        save()


def take_step(
    model: CubeModel, compute: Compute, batch: VoxelBatch, preset: Preset, optimizer: torch.optim.Optimizer, rate: float
) -> float:
    """Take one optimiser step, and return its loss."""
    compute.place(model.network, model.device).train()
    channels = compute.place(torch.from_numpy(batch.channels), model.device)
    truth, measured = (torch.from_numpy(part)[:, None].to(model.device) for part in (batch.truth, batch.measured))
    with compute.autocast(model.device):
        logits = model.network(channels)
    loss = wnet_loss(logits.float(), truth, measured, preset) + preset.variance * model.network.variance_loss()
    if not math.isfinite(loss.item()):
        raise BadExamples("The loss became NaN: the cubes contain extreme values. Check their units.")
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.network.parameters(), LARGEST_GRADIENT)
    optimizer.step()
    return loss.item()


def wnet_loss(logits: Tensor, truth: Tensor, measured: Tensor, preset: Preset) -> Tensor:
    """Return the Dice loss, plus the preset's multiple of the cross entropy."""
    loss = dice_loss(logits.sigmoid(), truth, measured)
    return loss + preset.entropy * cross_entropy(logits, truth, measured) if preset.entropy else loss


def manifest(
    model: CubeModel,
    preset: Preset,
    validation: Validation,
    clock: Clock,
    examples: int,
    *,
    name: str,
    normalisation: str,
    seed: int,
) -> dict[str, Any]:
    """Return the checkpoint's manifest."""
    preprocessing = {"normalisation": normalisation, "widths": list(preset.widths), "depth": preset.depth}
    preprocessing["views"] = model.network.channels
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
        "threshold": validation.threshold(),
        "seed": seed,
        "metrics": validation.figures() | {"dice_loss": validation.dice_loss},
        **origin(),
    }
