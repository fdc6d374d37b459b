"""`python -m ml train`: from a labelled manifest to a checkpoint."""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from ml.checkpoint import Checkpoint
from ml.commands.run import command
from ml.commands.subjects import Slab, Tally, positive_of, slabs
from ml.dataset import BadExamples, Examples, allowed
from ml.epoch import Epoch
from ml.models.tracklet import CHIPS
from ml.train import INITS, PRESETS, ROLES, train

ENOUGH = 150  # labels; with 200 the small net has AUC .967 on simulated stamps where a frozen head has .851


def add(subparsers: Any) -> None:
    """Add the command to an argparse parser's subparsers."""
    parser = command(subparsers, "train", "train a model on a labelled manifest", run)
    parser.add_argument("--role", required=True, help="stamp or tracklet")
    parser.add_argument("--data", type=Path, required=True, help="manifest with labels")
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint, replaced if it is there")
    parser.add_argument("--preset", choices=("auto", *PRESETS), default="auto", help="auto: small with many labels")
    parser.add_argument("--init", default="imagenet", help="imagenet, random, scratch, or a checkpoint to start from")
    parser.add_argument("--minutes", type=float, help="limit for the presets that train a network")
    parser.add_argument("--positive", help="the real classes, A,B; else the sky's own")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Train, save, and return what was made."""
    if args.role not in ROLES:
        raise BadExamples(f"There is no role {args.role!r} to train yet; it is {' or '.join(ROLES)}.")
    base = None if args.init in INITS else Checkpoint.load(args.init)
    started = time.monotonic()
    tally = Tally()
    data = together(list(slabs(args.data, tally, labelled=True, frames=CHIPS if args.role == "tracklet" else None)))
    examples = examples_of(data, args.positive, base)
    preset = chosen_preset(args.preset, args.init, base, len(examples))
    checkpoint = train(
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
