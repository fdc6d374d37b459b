"""Judge a trail detector on a manifest of images whose trails are known, the classical one beside it."""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ml.checkpoint import Checkpoint
from ml.commands.cutouts import Cutout, cutouts
from ml.commands.subjects import Tally
from ml.dataset import BadExamples
from ml.metrics import match_curves
from ml.metrics.detection import Matched
from ml.models.compute import cores
from ml.report import detections
from ml.trails.detector import Detector
from ml.trails.judgement import Outcome, Sides, judge, sides_of
from ml.trails.line_sums import ClassicalDetector
from ml.trails.recipe import CLASSICAL
from ml.trails.restore import detector_of
from ml.trails.sweep import sweep
from ml.trails.thing import COLUMN, TRAIL


def evaluate_trails(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """Find trails in every image whose trails are known, and return the figures."""
    tally = Tally()
    outcomes, speed = outcomes_of(detector_of(checkpoint, threads=1), args.data, tally)
    said = judge(outcomes, args.seed)
    said |= {"role": "trail", "checkpoint": str(args.checkpoint), "cutouts_per_second": speed, "cores": cores()}
    said["skipped"] = tally.skipped
    if checkpoint.manifest["architecture"] != CLASSICAL and not args.no_classical:
        beside, beside_speed = outcomes_of(ClassicalDetector(), args.data, Tally(quiet=True))
        said["classical"] = judge(beside, args.seed) | {"cutouts_per_second": beside_speed}
    sides = sides_of(outcomes)
    matched = match_curves(sides.found, sides.true)
    said["notes"] = detections.notes(matched, sides.seen)
    for note in said["notes"]:
        sys.stderr.write(f"note: {note}\n")
    if args.report or args.plots:
        _report(args, said, matched, sides)
    return said


def outcomes_of(detector: Detector, path: Path, tally: Tally) -> tuple[list[Outcome], float]:
    """Return what a detector finds in each image whose trails are known, and how many images it does in a second.

    The time runs from the first image to the last, reading included; the network is compiled before it begins, for
    images of the first one's shape.

    Raises
    ------
    BadExamples
        If there is no image whose trails are known, or none of them holds one.
    """
    outcomes: list[Outcome] = []
    first = next(_known(path, Tally(quiet=True)), None)
    if first is None:
        raise BadExamples(f"No image in {path} says what stands in it: add {COLUMN}, or the label no.")
    for _ in sweep(lambda cutout: detector.trails(cutout.pixels), [first] * 2 * cores()):
        pass
    started = time.monotonic()
    for cutout, found in sweep(lambda cutout: detector.trails(cutout.pixels), _known(path, tally)):
        outcomes.append(Outcome(found, cutout.things or []))
    seconds = time.monotonic() - started
    if not any(thing.label == TRAIL for outcome in outcomes for thing in outcome.things):
        raise BadExamples(
            f"None of the {len(outcomes)} images in {path} holds a trail: completeness needs some."
            " Add images with trails."
        )
    return outcomes, round(len(outcomes) / seconds, 2)


def _known(path: Path, tally: Tally) -> Iterator[Cutout]:
    for cutout in cutouts(path, tally):
        if cutout.things is None:
            tally.complain(f"{cutout.external_id}: neither {COLUMN} nor the label no says what stands in it")
        else:
            yield cutout


def _report(args: argparse.Namespace, said: dict[str, Any], matched: Matched, sides: Sides) -> None:
    from ml.report import page  # only now: Bokeh and matplotlib take seconds

    share = said["completeness_clear_at_precision_0.9"]
    summary = (
        f"{said['trails']} trails in {said['images']} images, {said['clear_trails']} of them with S/N ≥ 3 per pixel:"
        f" of these {100 * share:.1f} % are found at 90 % precision. {said['cutouts_per_second']} images a second."
    )
    heading = page.Heading(f"Evaluation of {said['checkpoint']}", summary, said["notes"])
    names = [name for name, value in said.items() if isinstance(value, int | float)]
    figures = {"figure": names, "value": [said[name] for name in names]}
    page.write(heading, figures, detections.charts(matched, sides.seen), html=args.report, plots=args.plots)
    sys.stderr.write(f"report: {args.report or args.plots}\n")
