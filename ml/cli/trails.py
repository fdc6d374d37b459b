"""The role "trail" on the command line: train a detector, evaluate it, and scan an archive in shards."""

import argparse
import hashlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ml.cli.cutouts import Cutout, cutouts
from ml.cli.subjects import Tally
from ml.cli.subsample import Subsample
from ml.data.dataset import BadExamples
from ml.evaluation.metrics import match_curves
from ml.evaluation.metrics.detection import Matched
from ml.evaluation.report import detections
from ml.inference.checkpoint import Checkpoint
from ml.io.read import MANIFEST
from ml.models.compute import cores
from ml.trails import train as training
from ml.trails.annotation import COLUMN, TRAIL, Annotation
from ml.trails.candidate import LEAST
from ml.trails.detector import Detector
from ml.trails.evaluation import Outcome, Sides, judge, sides_of
from ml.trails.loading import detector_of
from ml.trails.marks import Mark, outside, read_marks
from ml.trails.patch_sampler import Labelled, drawn, labelled
from ml.trails.radon_baseline import ClassicalDetector
from ml.trails.resumable_scan import Scan, rows_of, sweep
from ml.trails.train import CLASSICAL, TrainingSet, manifest_of
from ml.training.callbacks import Epoch

PRESETS = ("learned", "classical")
MOST_PIXELS = 2_000_000_000  # pixels kept in memory, 2 bytes each; beyond it images are sampled
FRESH = ("imagenet", "random", "scratch")


def train(args: argparse.Namespace) -> dict[str, Any]:
    """Train, save, and return a summary; the classical detector is saved as it is, and reads no data."""
    started, tally = time.monotonic(), Tally()
    if args.preset == "classical":
        args.foreign.unread(args, ("init", "minutes", "marks", "steps"), "the classical preset, which is not trained")
        checkpoint = Checkpoint(manifest_of(CLASSICAL, "classical"), {})
    else:
        base = None if args.init in FRESH else Checkpoint.load(args.init)
        data = training_set(args.data, args.marks, tally, args.seed)
        checkpoint = training.train(
            data, seed=args.seed, minutes=args.minutes, steps=args.steps, base=base, on_epoch=tell
        )
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
    """Read images and their annotations: from `#objects`, or from volunteers' line marks.

    Of images with more than `MOST_PIXELS` pixels in total a random sample is kept, seeded.

    Raises
    ------
    BadExamples
        If there is nothing usable.
    MemoryError
        If the images do not fit; with a message.
    """
    marks = None if marks_file is None else read_marks(marks_file)
    share: Subsample[tuple[Labelled, str]] = Subsample(MOST_PIXELS, seed)
    for cutout in cutouts(path, tally):
        things = _things(cutout, marks, tally)
        if things is None:
            continue
        one = labelled(cutout.pixels, things, cutout.external_id)
        share.offer((one, cutout.group), one.noise_units.size)
    kept = share.kept()
    if not kept:
        source = COLUMN if marks is None else "the marks"
        raise BadExamples(f"No image in {path} can be used for training: {source} and labels annotate none of them.")
    groups = np.array([group for _, group in kept])
    return TrainingSet([one for one, _ in kept], groups, known=marks is None, name=str(path))


def _things(cutout: Cutout, marks: dict[str, list[Mark]] | None, tally: Tally) -> list[Annotation] | None:
    """Return the annotations of an image; None, reported to the tally, if there are none."""
    if marks is None:
        if cutout.things is None:
            tally.complain(f"{cutout.external_id}: neither {COLUMN} nor the label no annotates it")
        return cutout.things
    found = marks.get(cutout.external_id)
    if found is None:
        if cutout.says_no:
            return []
        tally.complain(f"{cutout.external_id}: it has no marked line, and its label is not no")
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
    """Write the run's progress to stderr."""
    sys.stderr.write(f"{epoch.epoch}/{epoch.epochs} loss {epoch.loss:.4f} classes {epoch.val_loss:.4f}\n")


def evaluate(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """Detect trails in every annotated image, and return the metrics."""
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
    """Return the matched detections in each annotated image, and the number of images per second.

    Timed from the first image to the last, including reading; the network is compiled beforehand for the first image's
    shape.

    Raises
    ------
    BadExamples
        If no image is annotated, or none has a trail.
    """
    outcomes: list[Outcome] = []
    first = next(_known(path, Tally(quiet=True)), None)
    if first is None:
        raise BadExamples(f"No image in {path} is annotated: add {COLUMN}, or the label no.")
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
            tally.complain(f"{cutout.external_id}: neither {COLUMN} nor the label no annotates it")
        else:
            yield cutout


def _report(args: argparse.Namespace, said: dict[str, Any], matched: Matched, sides: Sides) -> None:
    from ml.evaluation.report import page  # imported late: Bokeh and matplotlib take seconds

    share = said["completeness_clear_at_precision_0.9"]
    summary = (
        f"{said['trails']} trails in {said['images']} images, {said['clear_trails']} of them with S/N ≥ 3 per pixel:"
        f" of these {100 * share:.1f} % found at 90 % precision. {said['cutouts_per_second']} images a second."
    )
    heading = page.Heading(f"Evaluation of {said['checkpoint']}", summary, said["notes"])
    names = [name for name, value in said.items() if isinstance(value, int | float)]
    figures = {"figure": names, "value": [said[name] for name in names]}
    page.write(heading, figures, detections.charts(matched, sides.seen), html=args.report, plots=args.plots)
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
    joined = args.out if args.out.suffix == ".parquet" else args.out / JOINED
    folder = args.out.with_name(args.out.name + ".shards") if joined == args.out else args.out / "shards"
    said = {"checkpoint": checkpoint.manifest["sha256"], "data": digest_of(args.data), "least": least}
    scan = Scan(folder, said, args.shard)
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
    """Return the SHA-256 of a manifest; of anything else, its name, so such a scan is resumed by name only."""
    path = path / MANIFEST if (path / MANIFEST).is_file() else path
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.suffix == ".csv" else str(path)


def _numbered(scan: Scan, path: Path, tally: Tally) -> Iterator[tuple[int, Cutout]]:
    """Yield images with their shard."""
    for cutout in cutouts(path, tally, skip=scan.skip):
        yield scan.current, cutout


def _scan(scan: Scan, images: Iterator[tuple[int, Cutout]], work: Any) -> int:
    """Write each shard when its last image is done, even without trails; return the number of images."""
    rows: list[dict[str, Any]] = []
    shard, count = -1, 0
    for (number, cutout), found in sweep(work, images):
        if number != shard and shard >= 0:
            _finish(scan, shard, rows)
        shard = number
        rows += rows_of(cutout.external_id, cutout.frame, found)
        count += 1
    if shard >= 0:
        _finish(scan, shard, rows)
    return count


def _finish(scan: Scan, shard: int, rows: list[dict[str, Any]]) -> None:
    scan.write(shard, rows)
    sys.stderr.write(f"shard {shard}: {len(rows)} trails\n")
    rows.clear()
