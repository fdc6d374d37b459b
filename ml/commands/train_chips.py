"""Train on stamps: a labelled manifest becomes a checkpoint."""

import argparse
import sys
import time
from typing import Any

import numpy as np

from ml.checkpoint import Checkpoint
from ml.commands.subjects import Slab, Tally, positive_of, slabs
from ml.dataset import BadExamples, Examples, allowed
from ml.epoch import Epoch
from ml.train import INITS
from ml.train import train as train_model

ENOUGH = 150  # labels; with 200 the small net has AUC .967 on simulated stamps where a frozen head has .851


def train(args: argparse.Namespace) -> dict[str, Any]:
    """Train, save, and return what was made."""
    base = None if args.init in INITS else Checkpoint.load(args.init)
    started = time.monotonic()
    tally = Tally()
    data = together(list(slabs(args.data, tally, labelled=True)))
    examples = examples_of(data, args.positive, base)
    preset = chosen_preset(args.preset, args.init, base, len(examples))
    checkpoint = train_model(
        args.role,
        examples,
        preset=preset,
        init=args.init,
        base=base,
        seed=args.seed,
        minutes=args.minutes,
        on_epoch=tell,
    )
    digest = checkpoint.save(args.out)
    for note in examples.notes:
        sys.stderr.write(f"note: {note}\n")
    said = ("role", "preset", "architecture", "classes", "positive", "feature_key")
    return {
        "checkpoint": str(args.out),
        "sha256": digest,
        "n": len(examples),
        "skipped": tally.skipped,
        **{key: checkpoint.manifest[key] for key in said},
        **checkpoint.manifest["metrics"],
        "seconds": round(time.monotonic() - started, 1),
    }


def together(parts: list[Slab]) -> Slab:
    """Join slabs into one.

    Raises
    ------
    BadExamples
        If there are none, or their shapes differ.
    """
    if not parts:
        raise BadExamples("There is no labelled subject with pixels in the data; a model learns from labels.")
    shapes = sorted({part.pixels.shape[1:] for part in parts})
    if len(shapes) > 1:
        raise BadExamples(
            f"The subjects differ in shape (frames, channels, height, width): {shapes[0]} and {shapes[1]}."
            " Train on one shape at a time."
        )
    return Slab(
        np.concatenate([part.pixels for part in parts]),
        [name for part in parts for name in part.ids],
        [name for part in parts for name in part.labels],
        [name for part in parts for name in part.groups],
        [one for part in parts for one in part.seen],
        [one for part in parts for one in part.sightings],
        [one for part in parts for one in part.cells],
    )


def examples_of(data: Slab, positive: str | None, base: Checkpoint | None) -> Examples:
    """Return examples with the base's classes if they hold every label, else with those in the data."""
    found = tuple(sorted(set(data.labels)))
    if base is not None and set(found) <= set(base.manifest["classes"]):
        classes, real = tuple(base.manifest["classes"]), tuple(base.manifest["positive"])
    else:
        classes, real = found, ()
    if len(classes) < 2:
        raise BadExamples(
            f"Every label is {found[0]!r}: a model cannot learn a difference that it never sees."
            " Add subjects with another label."
        )
    real = positive_of(classes, positive) if positive or not real else real
    return Examples(
        allowed(data.labels, classes, real),
        np.ones(len(data.labels), dtype=np.float32),
        np.array(data.groups),
        classes,
        real,
        pixels=data.pixels,
    )


def chosen_preset(preset: str, init: str, base: Checkpoint | None, n: int) -> str:
    """Return the preset that "auto" stands for: a base is fine-tuned; else it depends on the number of labels."""
    if preset != "auto":
        return preset
    if base is not None or init != "imagenet":
        return "finetune"
    return "small" if n >= ENOUGH else "head"


def tell(epoch: Epoch) -> None:
    """Write one epoch to stderr."""
    figures = " ".join(f"{name} {value:.4f}" for name, value in epoch.metrics.items())
    sys.stderr.write(
        f"epoch {epoch.epoch}/{epoch.epochs} loss {epoch.loss:.4f} val_loss {epoch.val_loss:.4f} {figures}\n"
    )
