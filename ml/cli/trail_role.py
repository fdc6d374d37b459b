"""The role "trail" on the command line: train a detector, evaluate it, and scan an archive in shards."""

import argparse
import hashlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ml.cli.cutout_data import LabelledCutout, read_cutouts
from ml.cli.outputs import check_file, check_parquet
from ml.cli.subject_slabs import Tally
from ml.cli.subsample import Subsample
from ml.cli.training_output import print_epoch, saved, state_file
from ml.data.dataset import BadExamples
from ml.evaluation.metrics.detection_curve import Matched, match_curves
from ml.evaluation.report import detection_charts
from ml.inference.checkpoint import Checkpoint
from ml.io.manifest import manifest_of
from ml.models.compute import cores
from ml.trails import train_detector as training
from ml.trails.annotation import COLUMN, TRAIL, Annotation
from ml.trails.candidate import LEAST
from ml.trails.evaluation import Outcome, Sides, evaluate_trails, sides_of
from ml.trails.line_marks import Mark, outside, read_marks
from ml.trails.patch_sampler import Labelled, annotations_of, labelled_image
from ml.trails.radon_baseline import ClassicalDetector
from ml.trails.resumable_scan import Scan, sweep, trail_rows
from ml.trails.trail_detector import Detector
from ml.trails.train_detector import CLASSICAL, TrainingSet, detector_of, trail_manifest

PRESETS = ("learned", "classical")
MOST_PIXELS = 2_000_000_000  # pixels kept in memory, 2 bytes each; beyond it images are sampled
FRESH = ("auto", "imagenet", "random", "scratch")


def train(args: argparse.Namespace) -> dict[str, Any]:
    """Train, save, and return a summary; the classical detector is saved as it is, and reads no data."""
    started, tally = time.monotonic(), Tally()
    if args.preset == "classical":
        args.foreign.unread(args, ("init", "minutes", "marks", "steps"), "the classical preset, which is not trained")
        checkpoint = Checkpoint(trail_manifest(CLASSICAL, "classical"), {})
    else:
        base = None if args.init in FRESH else Checkpoint.load(args.init)
        data = training_set(args.data, args.marks, tally, args.seed)
        checkpoint = training.train_detector(
            data,
            seed=args.seed,
            minutes=args.minutes,
            steps=args.steps,
            base=base,
            on_epoch=print_epoch,
            state=state_file(args),
        )
    keys = ("role", "preset", "architecture", "classes", "positive")
    return saved(args, checkpoint, tally, keys) | {"seconds": round(time.monotonic() - started, 1)}


def training_set(path: Path, marks_file: Path | None, tally: Tally, seed: int) -> TrainingSet:
    """Read images and their annotations: from `#objects`, or from volunteers' line marks.

    Of images with more than `MOST_PIXELS` pixels in total a random sample is kept, seeded.

    Raises BadExamples if there is nothing usable. Raises MemoryError if the images do not fit; with a message.
    """
    marks = None if marks_file is None else read_marks(marks_file)
    subsample: Subsample[tuple[Labelled, str]] = Subsample(MOST_PIXELS, seed)
    for cutout in read_cutouts(path, tally):
        annotations = _annotations(cutout, marks, tally)
        if annotations is None:
            continue
        one = labelled_image(cutout.pixels, annotations, cutout.external_id)
        subsample.offer((one, cutout.group), one.noise_units.size)
    sample = subsample.sample()
    if not sample:
        source = COLUMN if marks is None else "the marks"
        raise BadExamples(f"No image in {path} can be used for training: {source} and labels annotate none of them.")
    groups = np.array([group for _, group in sample])
    return TrainingSet([one for one, _ in sample], groups, known=marks is None, name=str(path))


def _annotations(cutout: LabelledCutout, marks: dict[str, list[Mark]] | None, tally: Tally) -> list[Annotation] | None:
    """Return the annotations of an image; None, reported to the tally, if there are none."""
    if marks is None:
        if cutout.annotations is None:
            tally.complain(f"{cutout.external_id}: neither {COLUMN} nor the label no says what stands in it")
        return cutout.annotations
    found = [mark for mark in marks.get(cutout.external_id, []) if mark.frame == cutout.frame]
    if cutout.says_no:
        _leave_out(found, cutout)
        return []
    if not found:
        tally.complain(
            f"{cutout.external_id}: frame {cutout.frame} has no marked line, and the subject's label is not no"
        )
        return None
    wrong = outside(found, cutout.pixels.shape)
    for mark in wrong:
        ends = tuple(round(value, 1) for value in mark.line)
        tally.complain(
            f"{cutout.external_id}: the mark {ends} of {mark.volunteer or 'somebody'} lies outside the image of"
            f" {cutout.pixels.shape[1]} × {cutout.pixels.shape[0]} pixels; was it drawn on another?"
        )
    sample = [mark for mark in found if mark not in wrong]
    return annotations_of(sample) if sample else None


def _leave_out(marks: list[Mark], cutout: LabelledCutout) -> None:
    """Say how many marks are left out of an image that is known to be empty; the image itself is used."""
    if marks:
        sys.stderr.write(
            f"note: {cutout.external_id}: the label is no; marks left out of frame {cutout.frame}: {len(marks)}\n"
        )


def evaluate(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """Detect trails in every annotated image, and return the metrics."""
    tally = Tally()
    outcomes, speed = outcomes_of(detector_of(checkpoint, threads=1), args.data, tally)
    result = evaluate_trails(outcomes, args.seed)
    result |= {"role": "trail", "checkpoint": str(args.checkpoint), "cutouts_per_second": speed, "cores": cores()}
    result["skipped"] = tally.skipped
    if checkpoint.manifest["architecture"] != CLASSICAL and not args.no_classical:
        beside, beside_speed = outcomes_of(ClassicalDetector(), args.data, Tally(quiet=True))
        result["classical"] = evaluate_trails(beside, args.seed) | {"cutouts_per_second": beside_speed}
    sides = sides_of(outcomes)
    matched = match_curves(sides.found, sides.true)
    result["notes"] = detection_charts.detection_notes(matched, sides.conditions)
    for note in result["notes"]:
        sys.stderr.write(f"note: {note}\n")
    if args.report or args.plots:
        _report(args, result, matched, sides)
    return result


def outcomes_of(detector: Detector, path: Path, tally: Tally) -> tuple[list[Outcome], float]:
    """Return the matched detections in each annotated image, and the number of images per second.

    Timed from the first image to the last, including reading; the network is compiled beforehand for the first image's
    shape.

    Raises BadExamples if no image is annotated, or none has a trail.
    """
    outcomes: list[Outcome] = []
    first = next(_known(path, Tally(quiet=True)), None)
    if first is None:
        raise BadExamples(f"No image in {path} is annotated: add {COLUMN}, or the label no.")
    for _ in sweep(lambda cutout: detector.trails(cutout.pixels), [first] * 2 * cores()):
        pass
    started = time.monotonic()
    for cutout, found in sweep(lambda cutout: detector.trails(cutout.pixels), _known(path, tally)):
        outcomes.append(Outcome(found, cutout.annotations or []))
    seconds = time.monotonic() - started
    if not any(annotation.label == TRAIL for outcome in outcomes for annotation in outcome.annotations):
        raise BadExamples(
            f"None of the {len(outcomes)} images in {path} holds a trail: completeness needs some."
            " Add images with trails."
        )
    return outcomes, round(len(outcomes) / seconds, 2)


def _known(path: Path, tally: Tally) -> Iterator[LabelledCutout]:
    for cutout in read_cutouts(path, tally):
        if cutout.annotations is None:
            tally.complain(f"{cutout.external_id}: neither {COLUMN} nor the label no says what stands in it")
        else:
            yield cutout


def _report(args: argparse.Namespace, result: dict[str, Any], matched: Matched, sides: Sides) -> None:
    from ml.evaluation.report import page  # only now: matplotlib takes a second

    completeness = result["completeness_clear_at_precision_0.9"]
    summary = (
        f"{result['trails']} trails in {result['images']} images, {result['clear_trails']} of them with S/N ≥ 3 per"
        f" pixel: of these {100 * completeness:.1f} % are found at 90 % precision."
        f" {result['cutouts_per_second']} images a second."
    )
    heading = page.Heading(f"Evaluation of {result['checkpoint']}", summary, result["notes"])
    names = [name for name, value in result.items() if isinstance(value, int | float)]
    figures = {"figure": names, "value": [result[name] for name in names]}
    page.write_page(
        heading,
        figures,
        detection_charts.detection_charts(matched, sides.conditions),
        html=args.report,
        plots=args.plots,
    )
    sys.stderr.write(f"report: {args.report or args.plots}\n")


JOINED = "trails.parquet"
MEMORY = (
    "An image does not fit into memory. Cut the images smaller, or let fewer be worked on at once: WANDERERS_THREADS=1."
    " What was finished is kept; the same command goes on from there."
)


def score(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """Scan all unfinished shards, and join all shards into one file."""
    started, tally = time.monotonic(), Tally()
    if not args.data.exists():
        raise BadExamples(f"{args.data} does not exist. Check the path.")
    least = LEAST if args.min_foreground is None else args.min_foreground
    if not 0 < least < 1:
        raise BadExamples(f"--min-foreground must lie between 0 and 1, not {least}.")
    check_parquet(args.out)
    if args.out.suffix == ".parquet":
        check_file("out", args.out)
        joined, folder = args.out, args.out.with_name(args.out.name + ".shards")
    else:
        joined, folder = args.out / JOINED, args.out / "shards"
    result = {"checkpoint": checkpoint.manifest["sha256"], "data": digest_of(args.data), "least": least}
    scan = Scan(folder, result, args.shard)
    before = len(scan.done)
    detector = detector_of(checkpoint, threads=1, least=least)
    images = 0
    try:
        images = _scan(scan, _numbered(scan, args.data, tally), lambda item: detector.trails(item[1].pixels))
    except MemoryError as error:
        raise BadExamples(MEMORY) from error
    if not scan.done:
        raise BadExamples(f"{args.data} contains no usable image to score.")
    trails = scan.join(joined)
    seconds = time.monotonic() - started
    return {
        "out": str(joined), "shards": str(folder), "n": trails, "images": images, "subjects": scan.rows,
        "finished_before": before, "skipped": tally.skipped, "seconds": round(seconds, 1),
        "cutouts_per_second": round(images / seconds, 2),
    }  # fmt: skip


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a manifest in one file, else the name: such a scan is resumed by name only."""
    manifest = manifest_of(path)
    return hashlib.sha256(manifest.read_bytes()).hexdigest() if isinstance(manifest, Path) else str(path)


def _numbered(scan: Scan, path: Path, tally: Tally) -> Iterator[tuple[int, LabelledCutout]]:
    """Yield images with their shard."""
    for cutout in read_cutouts(path, tally, skip=scan.skip):
        yield scan.current, cutout


def _scan(scan: Scan, images: Iterator[tuple[int, LabelledCutout]], work: Any) -> int:
    """Write each shard when its last image is done, even without trails; return the number of images."""
    rows: list[dict[str, Any]] = []
    shard, count = -1, 0
    for (number, cutout), found in sweep(work, images):
        if number != shard and shard >= 0:
            _finish(scan, shard, rows)
        shard = number
        rows += trail_rows(cutout.external_id, cutout.frame, found)
        count += 1
    if shard >= 0:
        _finish(scan, shard, rows)
    return count


def _finish(scan: Scan, shard: int, rows: list[dict[str, Any]]) -> None:
    scan.write(shard, rows)
    sys.stderr.write(f"shard {shard}: {len(rows)} trails\n")
    rows.clear()
