"""The role "cube" on the command line: train a W-Net on masked cubes, evaluate it, and list the tracks it finds."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from ml.cli.score_classifier import write_tables
from ml.cli.subject_slabs import Tally
from ml.cli.training_output import print_epoch, saved, state_file
from ml.cubes.crossmatch import KnownTable, match_candidates
from ml.cubes.cube import Cube, read_cubes
from ml.cubes.input_channels import half_precision
from ml.cubes.model import CubeModel
from ml.cubes.object_completeness import ObjectCounts
from ml.cubes.sampler import Example
from ml.cubes.tracks import find_tracks, track_row
from ml.cubes.train_wnet import train_cubes
from ml.cubes.voxel_metrics import FIGURES, VoxelCounts, limit_table, voxel_reliability
from ml.cubes.wnet_presets import PRESETS as RECIPES
from ml.cubes.wnet_presets import preset
from ml.data.dataset import BadExamples
from ml.evaluation.classifier import jsonable
from ml.inference.checkpoint import Checkpoint

PRESETS = tuple(RECIPES)
STARTS = ("auto", "imagenet", "random", "scratch")  # the first is the command's default; no packaged weights fit cubes
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
    examples = [example_of(cube) for cube in read_cubes(args.data, tally, masked=True)]
    if not examples:
        raise BadExamples("No cube in the data can be used. Training needs cubes with masks (docs/cubes.md).")
    checkpoint = train_cubes(
        examples,
        recipe,
        name=name,
        normalisation=args.normalisation,
        seed=args.seed,
        minutes=args.minutes,
        on_epoch=print_epoch,
        state=state_file(args),
    )
    keys = ("role", "preset", "architecture", "parameters", "classes", "positive", "steps", "rounds", "threshold")
    return {
        **saved(args, checkpoint, tally, (*keys, "training_seconds")),
        "n": len(examples),
        "normalisation": args.normalisation,
        "seconds": round(time.monotonic() - started, 1),
    }


def evaluate(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """Evaluate voxels by magnitude limit against raw pixels, and objects by whether a track follows them."""
    model, tally, started = CubeModel.of(checkpoint, step=args.stride, tta=args.tta), Tally(), time.monotonic()
    limits = limits_of(args.limits)
    threshold = voxel_threshold(args.threshold, model)
    counts, object_counts = VoxelCounts(limits), ObjectCounts()
    for cube in read_cubes(args.data, tally, masked=True):
        p = model.probabilities(cube.channels)
        counts.add(p, cube)
        object_counts.add(find_tracks(np.where(cube.measured, p, 0), threshold), cube)
    if not object_counts.cubes:
        raise BadExamples("No cube in the data can be used. Evaluation needs cubes with masks (docs/cubes.md).")
    rows, meant = limit_table(counts, args.seed), voxel_reliability(counts, args.seed)
    result = {
        "n": object_counts.cubes,
        "role": checkpoint.manifest["role"],
        "checkpoint": str(args.checkpoint),
        "threshold": threshold,
        "roc_auc": rows[-1]["roc_auc"],
        "pr_auc": rows[-1]["pr_auc"],
        "ece": meant.ece,
        "limits": rows,
        "by_limit": figures_by_limit(rows, lambda row: row),
        "intervals": figures_by_limit(rows, lambda row: row["intervals"]) | {"ece": meant.span},
        **object_counts.figures(limits),
        "notes": cube_notes(counts, object_counts),
        "skipped": tally.skipped,
        "seconds": round(time.monotonic() - started, 1),
    }
    for note in result["notes"]:
        sys.stderr.write(f"note: {note}\n")
    if args.report or args.plots:
        from ml.cubes import cube_report  # only now: matplotlib takes a second

        cube_report.write_cube_report(result, counts, meant, object_counts.search, args.report, args.plots)
    return result


def score(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """Write the tracks of every cube, one per row, with one cube in memory at a time."""
    check_above_zero("--radius", args.radius, "pixels")
    check_above_zero("--pixel-scale", args.pixel_scale, "arcsec per pixel")
    model, tally, started = CubeModel.of(checkpoint, step=args.stride, tta=args.tta), Tally(), time.monotonic()
    known = None if args.known_objects is None else KnownTable(args.known_objects)
    threshold = voxel_threshold(args.threshold, model)
    read = (track_rows(cube, model, threshold, known, args) for cube in read_cubes(args.data, tally, masked=False))
    nothing = "There is no cube in the data that can be used: nothing to score."
    n, tracks = write_tables(args.out, SCHEMA, (pa.Table.from_pylist(rows, SCHEMA) for rows in read), nothing)
    seconds = round(time.monotonic() - started, 1)
    return {"out": str(args.out), "n": n, "tracks": tracks, "skipped": tally.skipped, "seconds": seconds}


def track_rows(
    cube: Cube, model: CubeModel, threshold: float, known: KnownTable | None, args: argparse.Namespace
) -> list[dict[str, Any]]:
    """Return the tracks of one cube as rows, with every known object near each."""
    p = np.where(cube.measured, model.probabilities(cube.channels), 0)
    objects = cube.objects if known is None else known.of(cube)
    rows = []
    for number, track in enumerate(find_tracks(p, threshold), start=1):
        near = match_candidates(track, objects, cube, radius=args.radius, pixel_scale=args.pixel_scale)
        row = track_row(track, cube, args.pixel_scale)
        row |= {"path": json.dumps(row["path"]), "candidates": json.dumps(jsonable(near))}
        rows.append({"external_id": cube.name, "track": number, **row})
    sys.stderr.write(f"{cube.name}: {len(rows)} track(s)\n")
    return rows


def example_of(cube: Cube) -> Example:
    """Return a training cube at half precision."""
    assert cube.mask is not None  # noqa: S101 - cubes(…, masked=True) yields no other
    return Example(
        cube.name, cube.group, half_precision(cube.channels), cube.mask, None if cube.measured.all() else cube.measured
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


def voxel_threshold(given: float | None, model: CubeModel) -> float:
    """Return the requested threshold, or the checkpoint's own."""
    if given is None:
        return model.threshold
    if not 0 < given <= 1:
        raise BadExamples(f"--threshold is a probability above 0 and at most 1, not {given:g}.")
    return given


def check_above_zero(option: str, given: float, unit: str) -> None:
    """Raise BadExamples unless the value of an option is finite and above 0."""
    if not 0 < given < np.inf:
        raise BadExamples(f"{option} is a number of {unit} above 0, not {given:g}.")


def figures_by_limit(rows: list[dict[str, Any]], part: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of each limit under names such as "roc_auc_21"."""
    return {f"{name}_{row['limit']:g}": part(row)[name] for row in rows for name in FIGURES}


def cube_notes(counts: VoxelCounts, object_counts: ObjectCounts) -> list[str]:
    """Return what can't be evaluated on these cubes, and what to do."""
    result = []
    if counts.network.fainter:
        result.append(
            f"{counts.network.fainter} voxels of movers are fainter than {counts.limits[-1]:g} mag or of unknown"
            " magnitude and count as neither kind. Give a fainter --limits, or their magnitudes in #objects."
        )
    if counts.network.unscored:
        result.append(f"{counts.network.unscored} voxels were not measured and are left out.")
    if not counts.network.positives.any():
        result.append("No cube holds a mover within the limits: there is no curve to draw. Give cubes with movers.")
    if not object_counts.conditions:
        return [*result, "No cube tells its #objects, so the completeness of objects is unknown."]
    return [*result, *object_counts.search.missing_quantities()]
