"""The role "cube" on the command line: train a W-Net on masked cubes, evaluate it, and list the tracks it finds."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ml.cli.subjects import Tally
from ml.cubes.calibration import reliability
from ml.cubes.completeness import Finds
from ml.cubes.crossmatch import KnownTable, candidates
from ml.cubes.cube import Cube, cubes
from ml.cubes.input_channels import shortened
from ml.cubes.model import CubeModel
from ml.cubes.presets import PRESETS as RECIPES
from ml.cubes.presets import preset
from ml.cubes.sampler import Example
from ml.cubes.tracks import described, tracks_of
from ml.cubes.train import train_cubes
from ml.cubes.voxel_metrics import FIGURES, VoxelCounts, table
from ml.data.dataset import BadExamples
from ml.evaluation.classifier import jsonable
from ml.inference.checkpoint import Checkpoint
from ml.training.callbacks import Epoch

PRESETS = tuple(RECIPES)
STARTS = ("imagenet", "random", "scratch")  # the first is the command's default; ImageNet weights do not fit cubes
NUMBERS = ("score", "mjd", "x", "y", "ra", "dec", "rate", "angle", "length")
COUNTS = ("detections", "first_frame", "last_frame")
SCHEMA = pa.schema(
    [
        pa.field("external_id", pa.string()),
        pa.field("track", pa.int32()),
        *(pa.field(name, pa.int32()) for name in COUNTS),
        *(pa.field(name, pa.float64()) for name in NUMBERS),
        pa.field("path", pa.string()),
        pa.field("candidates", pa.string()),
    ]
)


def train(args: argparse.Namespace) -> dict[str, Any]:
    """Train on the masked cubes of a manifest, and save the checkpoint."""
    if args.init not in STARTS:
        raise BadExamples("A cube model always starts from random weights. Leave out --init.")
    name = PRESETS[0] if args.preset == "auto" else args.preset
    recipe, tally, started = preset(name, crop=args.crop, batch=args.batch), Tally(), time.monotonic()
    examples = [example_of(cube) for cube in cubes(args.data, tally, masked=True)]
    if not examples:
        raise BadExamples("No cube in the data has a mask. Training needs masks (docs/cubes.md).")
    checkpoint = train_cubes(
        examples,
        recipe,
        name=name,
        normalisation=args.normalisation,
        seed=args.seed,
        minutes=args.minutes,
        on_epoch=tell,
    )
    digest = checkpoint.save(args.out)
    said = ("role", "preset", "architecture", "parameters", "classes", "positive", "steps", "rounds", "threshold")
    return {
        "checkpoint": str(args.out),
        "sha256": digest,
        "n": len(examples),
        "skipped": tally.skipped,
        "normalisation": args.normalisation,
        **{key: checkpoint.manifest[key] for key in (*said, "training_seconds")},
        **checkpoint.manifest["metrics"],
        "compute": checkpoint.manifest.get("compute"),
        "notes": checkpoint.manifest.get("notes", []),
        "seconds": round(time.monotonic() - started, 1),
    }


def evaluate(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """Evaluate voxels by magnitude limit against raw pixels, and objects by whether a track follows them."""
    model, tally, started = CubeModel.of(checkpoint, step=args.stride, tta=args.tta), Tally(), time.monotonic()
    limits = limits_of(args.limits)
    threshold = threshold_of(args.threshold, model)
    counts, finds = VoxelCounts(limits), Finds()
    for cube in cubes(args.data, tally, masked=True):
        p = model.probabilities(cube.views)
        counts.add(p, cube)
        finds.add(tracks_of(np.where(cube.measured, p, 0), threshold), cube)
    if not finds.cubes:
        raise BadExamples("No cube in the data has a mask. Evaluation needs masks.")
    rows, meant = table(counts, args.seed), reliability(counts, args.seed)
    said = {
        "n": finds.cubes,
        "role": checkpoint.manifest["role"],
        "checkpoint": str(args.checkpoint),
        "threshold": threshold,
        "roc_auc": rows[-1]["roc_auc"],
        "pr_auc": rows[-1]["pr_auc"],
        "ece": meant.ece,
        "limits": rows,
        "by_limit": by_limit(rows, lambda row: row),
        "intervals": by_limit(rows, lambda row: row["intervals"]) | {"ece": meant.span},
        **finds.figures(limits),
        "notes": notes(counts, finds),
        "skipped": tally.skipped,
        "seconds": round(time.monotonic() - started, 1),
    }
    for note in said["notes"]:
        sys.stderr.write(f"note: {note}\n")
    if args.report or args.plots:
        from ml.cubes import report  # imported late: Bokeh and matplotlib take seconds

        report.write(said, counts, meant, finds.sought, args.report, args.plots)
    return said


def score(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """Write the tracks of every cube, one per row, with one cube in memory at a time."""
    model, tally, started = CubeModel.of(checkpoint, step=args.stride, tta=args.tta), Tally(), time.monotonic()
    known = None if args.known_objects is None else KnownTable(args.known_objects)
    threshold = threshold_of(args.threshold, model)
    partial = args.out.with_name(args.out.name + ".partial")
    n = tracks = 0
    with pq.ParquetWriter(partial, SCHEMA) as file:
        for cube in cubes(args.data, tally, masked=False):
            rows = rows_of(cube, model, threshold, known, args)
            file.write_table(pa.Table.from_pylist(rows, SCHEMA))
            n, tracks = n + 1, tracks + len(rows)
            sys.stderr.write(f"{cube.name}: {len(rows)} track(s)\n")
    if not n:
        partial.unlink()
        raise BadExamples("The data contain no usable cube to score.")
    partial.replace(args.out)
    seconds = round(time.monotonic() - started, 1)
    return {"out": str(args.out), "n": n, "tracks": tracks, "skipped": tally.skipped, "seconds": seconds}


def rows_of(
    cube: Cube, model: CubeModel, threshold: float, known: KnownTable | None, args: argparse.Namespace
) -> list[dict[str, Any]]:
    """Return the tracks of one cube as rows, with every known object near each."""
    p = np.where(cube.measured, model.probabilities(cube.views), 0)
    objects = cube.objects if known is None else known.of(cube)
    rows = []
    for number, track in enumerate(tracks_of(p, threshold), start=1):
        near = candidates(track, objects, cube, radius=args.radius, pixel_scale=args.pixel_scale)
        row = described(track, cube, args.pixel_scale)
        row |= {"path": json.dumps(row["path"]), "candidates": json.dumps(jsonable(near))}
        rows.append({"external_id": cube.name, "track": number, **row})
    return rows


def example_of(cube: Cube) -> Example:
    """Return a training cube at half precision."""
    assert cube.mask is not None  # noqa: S101 - cubes(…, masked=True) yields no other
    return Example(
        cube.name, cube.group, shortened(cube.views), cube.mask, None if cube.measured.all() else cube.measured
    )


def limits_of(text: str) -> tuple[float, ...]:
    """Return magnitude limits from "18,19,20,21"."""
    try:
        limits = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise BadExamples(f"--limits are magnitudes such as 18,19,20,21, not {text!r}.") from None
    if list(limits) != sorted(set(limits)):
        raise BadExamples(f"--limits must ascend, from bright to faint, not {text!r}.")
    return limits


def threshold_of(given: float | None, model: CubeModel) -> float:
    """Return the requested threshold, or the checkpoint's own."""
    if given is None:
        return model.threshold
    if not 0 < given <= 1:
        raise BadExamples(f"--threshold is a probability above 0 and at most 1, not {given:g}.")
    return given


def by_limit(rows: list[dict[str, Any]], part: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of each limit under names such as "roc_auc_21"."""
    return {f"{name}_{row['limit']:g}": part(row)[name] for row in rows for name in FIGURES}


def notes(counts: VoxelCounts, finds: Finds) -> list[str]:
    """Return what can't be evaluated on these cubes, and what to do."""
    said = []
    if counts.network.fainter:
        said.append(
            f"{counts.network.fainter} voxels of movers are fainter than {counts.limits[-1]:g} mag or of unknown"
            " magnitude and count as neither kind. Give a fainter --limits, or their magnitudes in #objects."
        )
    if counts.network.unscored:
        said.append(f"{counts.network.unscored} voxels were not measured and are left out.")
    if not counts.network.positives.any():
        said.append("No cube has a mover within the limits, so there is no curve. Add cubes with movers.")
    if not finds.seen:
        return [*said, "No cube has #objects, so the completeness of objects is unknown."]
    return [*said, *finds.sought.untold()]


def tell(epoch: Epoch) -> None:
    """Write the metrics of one round to stderr."""
    figures = " ".join(f"{name} {value:.4f}" for name, value in epoch.metrics.items())
    sys.stderr.write(
        f"round {epoch.epoch}/{epoch.epochs} loss {epoch.loss:.4f} val_loss {epoch.val_loss:.4f} {figures}\n"
    )
    sys.stderr.flush()
