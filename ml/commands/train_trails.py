"""Train a trail detector: from a manifest of large images to a checkpoint."""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from ml.checkpoint import Checkpoint
from ml.commands.cutouts import Cutout, cutouts
from ml.commands.share import Share
from ml.commands.subjects import Tally
from ml.dataset import BadExamples
from ml.epoch import Epoch
from ml.trails.crops import Labelled
from ml.trails.lines import drawn, labelled
from ml.trails.marks import Mark, outside, read_marks
from ml.trails.recipe import CLASSICAL, TrainingSet, manifest_of, train
from ml.trails.thing import COLUMN, Thing

PRESETS = ("learned", "classical")
MOST_PIXELS = 2_000_000_000  # kept in memory, 2 bytes each; of more images a share is drawn
FRESH = ("imagenet", "random", "scratch")


def train_trails(args: argparse.Namespace) -> dict[str, Any]:
    """Train, save, and return what was made; the classical detector is saved as it is, and reads no data."""
    started, tally = time.monotonic(), Tally()
    if args.preset == "classical":
        args.foreign.unread(args, ("init", "minutes", "marks", "steps"), "the classical preset, which learns nothing")
        checkpoint = Checkpoint(manifest_of(CLASSICAL, "classical"), {})
    else:
        base = None if args.init in FRESH else Checkpoint.load(args.init)
        data = training_set(args.data, args.marks, tally, args.seed)
        checkpoint = train(data, seed=args.seed, minutes=args.minutes, steps=args.steps, base=base, on_epoch=tell)
    digest = checkpoint.save(args.out)
    said = ("role", "preset", "architecture", "classes", "positive")
    return {
        "checkpoint": str(args.out),
        "sha256": digest,
        "skipped": tally.skipped,
        **{key: checkpoint.manifest[key] for key in said},
        **checkpoint.manifest["metrics"],
        "compute": checkpoint.manifest.get("compute"),
        "notes": checkpoint.manifest.get("notes", []),
        "seconds": round(time.monotonic() - started, 1),
    }


def training_set(path: Path, marks_file: Path | None, tally: Tally, seed: int) -> TrainingSet:
    """Read images and what stands in them: from `#objects`, or from volunteers' line marks.

    Of more images than `MOST_PIXELS` a random share is kept, drawn by the seed.

    Raises
    ------
    BadExamples
        If nothing usable is there.
    MemoryError
        As a sentence, if the images do not fit.
    """
    marks = None if marks_file is None else read_marks(marks_file)
    share: Share[tuple[Labelled, str]] = Share(MOST_PIXELS, seed)
    for cutout in cutouts(path, tally):
        things = _things(cutout, marks, tally)
        if things is None:
            continue
        one = labelled(cutout.pixels, things, cutout.external_id)
        share.offer((one, cutout.group), one.noise_units.size)
    kept = share.kept()
    if not kept:
        source = COLUMN if marks is None else "the marks"
        raise BadExamples(f"No image in {path} can be learnt from: {source} and labels say of none what stands in it.")
    groups = np.array([group for _, group in kept])
    return TrainingSet([one for one, _ in kept], groups, known=marks is None, name=str(path))


def _things(cutout: Cutout, marks: dict[str, list[Mark]] | None, tally: Tally) -> list[Thing] | None:
    """Return what stands in an image; None, told to the tally, where nothing says so."""
    if marks is None:
        if cutout.things is None:
            tally.complain(f"{cutout.external_id}: neither {COLUMN} nor the label no says what stands in it")
        return cutout.things
    found = marks.get(cutout.external_id)
    if found is None:
        if cutout.says_no:
            return []
        tally.complain(f"{cutout.external_id}: nobody marked a line in it, and its label is not no")
        return None
    wrong = outside(found, cutout.pixels.shape)
    for mark in wrong:
        ends = tuple(round(value, 1) for value in mark.line)
        tally.complain(
            f"{cutout.external_id}: the mark {ends} of {mark.volunteer or 'somebody'} lies outside the image of"
            f" {cutout.pixels.shape[1]} × {cutout.pixels.shape[0]} pixels; was it drawn on another?"
        )
    kept = [mark for mark in found if mark not in wrong]
    return drawn(kept) if kept else None


def tell(epoch: Epoch) -> None:
    """Write how far the run is to stderr."""
    sys.stderr.write(f"{epoch.epoch}/{epoch.epochs} loss {epoch.loss:.4f} classes {epoch.val_loss:.4f}\n")
