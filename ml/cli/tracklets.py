"""The role "tracklet" on the command line: train, evaluate and score tracklets of any number of detections."""

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ml.acquisition.uncertainty import entropy
from ml.cli.evaluate_classifier import answers_of, threshold_of
from ml.cli.stamp_data import check_shapes
from ml.cli.subjects import Slab, Tally, positive_of, slabs
from ml.cli.training_output import saved, tell
from ml.data.dataset import BOGUS_WORDS, REAL_WORDS, BadExamples, Examples, allowed
from ml.data.tracklet_frames import TrackletFrames, stacked
from ml.evaluation import metrics, observing_conditions
from ml.evaluation.classifier import DRAWS
from ml.evaluation.classifier import evaluate as figures_of
from ml.evaluation.stratified import Answers, night_rows, stratified
from ml.inference.checkpoint import Checkpoint
from ml.inference.scorer import TRACKLET_CLASSES, Scorer
from ml.roles.train import INITS
from ml.roles.train import train as train_model
from ml.simulate.atlas.tracklets import SATELLITE
from ml.tracklets.stamps import PaddedPixels
from ml.tracklets.two_stage import PRESETS

FEWEST = 3  # detections of a tracklet
SAID = ("role", "preset", "tracklet_net", "threshold", "architecture", "classes", "positive", "feature_key")


def train(args: argparse.Namespace) -> dict[str, Any]:
    """Train, save, and return a summary."""
    if not 0 < args.completeness <= 1:
        raise BadExamples(f"--completeness is a share above 0 and up to 1, not {args.completeness:g}.")
    base = None if args.init in INITS else Checkpoint.load(args.init)
    preset = PRESETS[0] if args.preset == "auto" else args.preset
    started, tally = time.monotonic(), Tally()
    parts = list(slabs(args.data, tally, labelled=True, fewest=FEWEST))
    examples = learnable(
        parts, args.positive, base, keeps_chips=preset in PRESETS[:2], chips_only=args.no_track_features
    )
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
    """Score the labelled tracklets, and return the metrics at the checkpoint's threshold, or at the requested one."""
    threshold, scorer, tally = threshold_of(args, checkpoint), Scorer(checkpoint), Tally()
    data, scored = _read(args, scorer, tally)
    truth = [side(label, checkpoint, data.labels, args.positive) for label in data.labels]
    known: NDArray[np.bool_] = np.array([label is not None for label in truth])
    for label in sorted({label for label, fine in zip(data.labels, known, strict=True) if not fine}):
        tally.complain(f"label {label!r} is not one of the model's classes, yes or no: correct it in the manifest")
    if not known.any():
        raise BadExamples(f"No label is one of the model's classes {', '.join(scorer.chip_classes)}, yes or no.")
    p, names, groups = scored[known], [label for label in truth if label is not None], np.array(data.groups)[known]
    told = p, names, TRACKLET_CLASSES, scorer.positive, groups
    said = figures_of(*told, seed=args.seed, threshold=threshold)
    seen = observing_conditions.together(data.ids, data.seen, observing_conditions.of_truth(args.data)).take(known)
    answers = answers_of(*told, seen, threshold)
    said |= stratified(answers)
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
    """Add the fractions kept and rejected at the threshold with their intervals, and the table of nights."""
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
            f"There is no labelled tracklet of {FEWEST} or more frames with pixels in the data: nothing to evaluate."
        )
    return together, np.concatenate(scored)


def _report(args: argparse.Namespace, said: dict[str, Any], answers: Answers) -> None:
    from ml.evaluation.report import classifier, page  # imported late: Bokeh and matplotlib take seconds
    from ml.evaluation.report.nights import at_threshold as nights_chart

    charts = classifier.charts(said, answers, seed=args.seed)
    charts += [nights_chart(answers)] if said["nights_at_threshold"] else []
    heading = page.Heading(f"Evaluation of {said['checkpoint']}", classifier.summary(said), said["notes"])
    page.write(heading, classifier.figures(said), charts, html=args.report, plots=args.plots)


def score(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """Score in blocks of constant memory: external_id, bogus, real, entropy."""
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


OF_TRACKLETS = frozenset({SATELLITE})  # each chip shows a real point of light; only together are they bogus


def learnable(
    parts: list[Slab], positive: str | None, base: Checkpoint | None, *, keeps_chips: bool, chips_only: bool
) -> Examples:
    """Return tracklets of any number of detections as examples.

    Parameters
    ----------
    parts
        Labelled tracklets.
    positive
        The real classes as given by the user, "A,B", or None.
    base
        A checkpoint to start from.
    keeps_chips
        Whether the base's stamp classes are kept: then a label only means real or bogus.
    chips_only
        Drop the frames' times and positions.

    Raises
    ------
    BadExamples
        If there are none, their shapes differ, or their labels are of one kind only.
    """
    if not parts:
        raise BadExamples(
            "There is no labelled tracklet of three or more frames with pixels in the data. Training needs labels."
        )
    check_shapes(parts, "(channels, height, width)", first=2)
    labels = [label for part in parts for label in part.labels]
    classes, real, words = _classes(labels, positive, base if keeps_chips else None)
    tracks = stacked([one for part in parts for one in part.sightings])
    return Examples(
        allowed(words, classes, real),
        np.ones(len(labels), dtype=np.float32),
        np.array([group for part in parts for group in part.groups]),
        classes,
        real,
        pixels=PaddedPixels([part.pixels for part in parts]),
        tracks=TrackletFrames(np.full_like(tracks.seen, np.nan), tracks.present) if chips_only else tracks,
        of_chips=np.array([label not in OF_TRACKLETS for label in labels]),
    )


def _classes(
    labels: list[str], positive: str | None, base: Checkpoint | None
) -> tuple[tuple[str, ...], tuple[str, ...], list[str]]:
    """Return the stamp classes, the real ones, and each label as one of them, or as yes or no."""
    found = tuple(sorted(set(labels)))
    if base is not None:
        classes, real = tuple(base.manifest["classes"]), tuple(base.manifest["positive"])
        named = set(positive_of(found, positive)) if positive else set(real)
        if not positive:
            _check_known(found, {*classes, *OF_TRACKLETS})
        return classes, real, ["yes" if _is_real(label, named) else "no" for label in labels]
    classes = tuple(name for name in found if name not in OF_TRACKLETS)
    if len(classes) < 2:
        raise BadExamples(
            f"Every label is {found[0]!r}: training needs at least two kinds. Add tracklets with another label."
            if len(found) == 1
            else f"The labels {', '.join(found)} name fewer than two kinds of chip. Add tracklets with another label."
        )
    real = positive_of(classes, positive)
    return classes, real, ["no" if label in OF_TRACKLETS else label for label in labels]


def _check_known(labels: Sequence[str], known: set[str]) -> None:
    strange = [label for label in labels if label not in known and label.lower() not in REAL_WORDS | BOGUS_WORDS]
    if strange:
        raise BadExamples(
            f"Label {strange[0]!r} is not one of the checkpoint's classes {', '.join(sorted(known))}, yes or no."
            " Correct it, or name the real labels with --positive A,B: all others then count as bogus."
        )


def _is_real(label: str, named: set[str]) -> bool:
    return label in named or label.lower() in REAL_WORDS


def labels_of(parts: list[Slab], positive: str | None, checkpoint: Checkpoint) -> dict[str, list[str]]:
    """Return the labels that training called real and bogus, for the checkpoint's manifest."""
    found = sorted({label for part in parts for label in part.labels})
    real = set(positive_of(found, positive)) if positive else set(checkpoint.manifest["positive"])
    return {
        "real": [label for label in found if _is_real(label, real)],
        "bogus": [label for label in found if not _is_real(label, real)],
    }


def side(label: str, checkpoint: Checkpoint, labels: Sequence[str], positive: str | None) -> str | None:
    """Return "real" or "bogus" for the label of a tracklet, or None for an unknown one.

    With `positive`, "A,B", those are real and all other `labels` bogus; else the model's classes and the usual words
    for yes and no.
    """
    if positive:
        return "real" if label in positive_of(sorted(set(labels)), positive) else "bogus"
    taught = checkpoint.manifest.get("labels", {"real": [], "bogus": []})
    real = {*taught["real"], *checkpoint.manifest["positive"]}
    if label in real or label.lower() in REAL_WORDS:
        return "real"
    bogus = {*taught["bogus"], *checkpoint.manifest["classes"], *OF_TRACKLETS}
    return "bogus" if label in bogus or label.lower() in BOGUS_WORDS else None
