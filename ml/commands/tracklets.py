"""The role "tracklet" on the command line: train, evaluate and score on tracklets of any number of detections."""

import argparse
import sys
import time
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ml import circumstances, metrics
from ml.acquire import entropy
from ml.breakdown import Answers, breakdown, night_rows
from ml.checkpoint import Checkpoint
from ml.commands.evaluate_chips import answers_of, threshold_of
from ml.commands.subjects import Slab, Tally, slabs
from ml.commands.tracklet_labels import labels_of, learnable, side
from ml.commands.trained import saved, tell
from ml.dataset import BadExamples
from ml.evaluate import DRAWS
from ml.evaluate import evaluate as figures_of
from ml.rolestrain import INITS
from ml.rolestrain import train as train_model
from ml.score import TRACKLET_CLASSES, Scorer
from ml.tracklets.tracks import stacked
from ml.tracklets.two_step import PRESETS

FEWEST = 3  # detections of a tracklet
SAID = ("role", "preset", "tracklet_net", "threshold", "architecture", "classes", "positive", "feature_key")


def train(args: argparse.Namespace) -> dict[str, Any]:
    """Train, save, and return what was made."""
    if not 0 < args.completeness <= 1:
        raise BadExamples(f"--completeness is a share above 0 and up to 1, not {args.completeness:g}.")
    base = None if args.init in INITS else Checkpoint.load(args.init)
    preset = PRESETS[0] if args.preset == "auto" else args.preset
    started, tally = time.monotonic(), Tally()
    parts = list(slabs(args.data, tally, labelled=True, fewest=FEWEST))
    examples = learnable(parts, args.positive, base, keeps_chips=preset in PRESETS[:2], chips_only=args.chips_only)
    checkpoint = train_model(
        "tracklet",
        examples,
        preset=preset,
        init=args.init,
        base=base,
        seed=args.seed,
        minutes=args.minutes,
        completeness=args.completeness,
        on_epoch=tell,
    )
    checkpoint.manifest["labels"] = labels_of(parts, args.positive, checkpoint)
    return saved(args, checkpoint, examples, tally, SAID) | {"seconds": round(time.monotonic() - started, 1)}


def evaluate(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """Score the labelled tracklets, and return the figures at the checkpoint's threshold, or at the one asked for."""
    threshold, scorer, tally = threshold_of(args, checkpoint), Scorer(checkpoint), Tally()
    data, scored = _read(args, scorer, tally)
    truth = [side(label, checkpoint, data.labels, args.positive) for label in data.labels]
    known: NDArray[np.bool_] = np.array([label is not None for label in truth])
    for label in sorted({label for label, fine in zip(data.labels, known, strict=True) if not fine}):
        tally.complain(f"label {label!r} is none of the model's classes, yes or no: correct it in the manifest")
    if not known.any():
        raise BadExamples(f"No label is one of the model's classes {', '.join(scorer.chip_classes)}, yes or no.")
    p, names, groups = scored[known], [label for label in truth if label is not None], np.array(data.groups)[known]
    told = p, names, TRACKLET_CLASSES, scorer.positive, groups
    said = figures_of(*told, seed=args.seed, threshold=threshold)
    seen = circumstances.together(data.ids, data.seen, circumstances.of_truth(args.data)).take(known)
    answers = answers_of(*told, seen, threshold)
    said |= breakdown(answers)
    at_threshold(said, answers, args.seed)
    said["detections"] = np.bincount([len(one) for one in data.sightings]).nonzero()[0].tolist()
    said["notes"] += seen.unknown(answers.real)
    said |= {"skipped": tally.skipped, "role": scorer.role, "checkpoint": str(args.checkpoint)}
    for note in said["notes"]:
        sys.stderr.write(f"note: {note}\n")
    if args.report or args.plots:
        _report(args, said, answers)
    return said


def at_threshold(said: dict[str, Any], answers: Answers, seed: int) -> None:
    """Add what the threshold does: the shares kept and rejected with their intervals, and every night."""
    real, called = answers.real, answers.p_real >= answers.threshold
    draws = metrics.bootstrap(lambda weights: _shares(real, called, weights), answers.groups, DRAWS, seed)
    for name, share in _shares(real, called, np.ones((1, len(real)))).items():
        said["operating"][name] = float(share[0])
        said["intervals"][name] = metrics.interval(draws[name])
    known = answers.seen.night != ""
    nights = metrics.by_night(answers.seen.night, real, answers.p_real, answers.threshold) if known.any() else None
    said["nights_at_threshold"] = [] if nights is None else night_rows(nights)


def _shares(
    real: NDArray[np.bool_], called: NDArray[np.bool_], weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    def share(which: NDArray[np.bool_], of: NDArray[np.bool_]) -> NDArray[np.float64]:
        whole = weights @ of
        return np.where(whole > 0, weights @ (which & of) / np.maximum(whole, 1e-9), np.nan)

    return {"kept_at_threshold": share(called, real), "rejected_at_threshold": share(~called, ~real)}


def _read(args: argparse.Namespace, scorer: Scorer, tally: Tally) -> tuple[Slab, NDArray[np.float32]]:
    """Return all labelled tracklets, without their pixels, and their probabilities (n, 2)."""
    scored, together = [], Slab(np.empty(0), [], [], [])
    for slab in slabs(args.data, tally, labelled=True, fewest=FEWEST):
        scored.append(scorer.probabilities(slab.pixels, stacked(slab.sightings)))
        for name in ("ids", "labels", "groups", "seen", "sightings"):
            getattr(together, name).extend(getattr(slab, name))
    if not scored:
        raise BadExamples(
            f"There is no labelled tracklet of {FEWEST} or more frames with pixels in the data: nothing to judge by."
        )
    return together, np.concatenate(scored)


def _report(args: argparse.Namespace, said: dict[str, Any], answers: Answers) -> None:
    from ml.report import classifier, page  # only now: Bokeh and matplotlib take seconds
    from ml.report.nights import at_threshold as nights_chart

    charts = classifier.charts(said, answers, seed=args.seed)
    charts += [nights_chart(answers)] if said["nights_at_threshold"] else []
    heading = page.Heading(f"Evaluation of {said['checkpoint']}", classifier.summary(said), said["notes"])
    page.write(heading, classifier.figures(said), charts, html=args.report, plots=args.plots)


def score(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """Score slab by slab, so that memory does not grow with the data: external_id, bogus, real, entropy."""
    scorer, tally = Scorer(checkpoint), Tally()
    started, n = time.monotonic(), 0
    columns = [pa.field(name, pa.float32()) for name in (*TRACKLET_CLASSES, "entropy")]
    schema = pa.schema([pa.field("external_id", pa.string()), *columns])
    partial = args.out.with_name(args.out.name + ".partial")
    with pq.ParquetWriter(partial, schema) as file:
        for slab in slabs(args.data, tally, labelled=False, fewest=FEWEST):
            p = scorer.probabilities(slab.pixels, stacked(slab.sightings))
            file.write_table(pa.table([slab.ids, *p.T, entropy(p).astype("float32")], schema=schema))
            n += len(slab.ids)
    if not n:
        partial.unlink()
        raise BadExamples(f"There is no tracklet of {FEWEST} or more frames with pixels in the data: nothing to score.")
    partial.replace(args.out)
    seconds = round(time.monotonic() - started, 1)
    return {"out": str(args.out), "n": n, "skipped": tally.skipped, "seconds": seconds}


__all__ = ["PRESETS", "evaluate", "score", "train"]
