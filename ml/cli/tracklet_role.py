"""The role "tracklet" on the command line: train, evaluate and score tracklets of any number of detections."""

import argparse
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.cli.evaluate_classifier import classifier_figures, finish, read_scored
from ml.cli.score_classifier import FEWEST, score
from ml.cli.stamp_data import check_shapes
from ml.cli.stamp_options import AUTO
from ml.cli.subject_slabs import Slab, Tally, positive_of, slabs
from ml.cli.training_output import print_epoch, saved, state_file
from ml.data.dataset import BOGUS_WORDS, REAL_WORDS, BadExamples, Examples, allowed
from ml.data.tracklet_frames import TrackletFrames, stacked
from ml.evaluation.classifier import DRAWS
from ml.evaluation.metrics.binomial import proportion
from ml.evaluation.metrics.bootstrap import bootstrap, interval
from ml.evaluation.metrics.nightly_counts import by_night
from ml.evaluation.stratified import ScoredSubjects, night_rows
from ml.inference.checkpoint import Checkpoint
from ml.inference.scorer import TRACKLET_CLASSES, Scorer
from ml.models.sky_net import SKY
from ml.roles.train_role import INITS
from ml.roles.train_role import train as train_model
from ml.simulate.atlas.atlas_tracklets import SATELLITE
from ml.tracklets.tracklet_stamps import PaddedPixels
from ml.tracklets.two_stage import PRESETS

SAID = ("role", "preset", "tracklet_net", "threshold", "architecture", "classes", "positive", "feature_key")


def train(args: argparse.Namespace) -> dict[str, Any]:
    """Train, save, and return a summary."""
    if not 0 < args.completeness <= 1:
        raise BadExamples(f"--completeness is a share above 0 and up to 1, not {args.completeness:g}.")
    init = SKY if args.init == AUTO else args.init  # as on the site
    base = None if init in INITS else Checkpoint.load(init)
    preset = PRESETS[0] if args.preset == "auto" else args.preset
    started, tally = time.monotonic(), Tally()
    parts = list(slabs(args.data, tally, labelled=True, fewest=FEWEST["tracklet"]))
    examples = learnable(
        parts,
        args.positive,
        base,
        keeps_stamp_classes=preset in PRESETS[:2],
        without_track_features=args.no_track_features,
    )
    checkpoint = train_model(
        "tracklet",
        examples,
        preset=preset,
        init=init,
        base=base,
        seed=args.seed,
        minutes=args.minutes,
        completeness=args.completeness,
        on_epoch=print_epoch,
        state=state_file(args),
    )
    checkpoint.manifest["labels"] = labels_of(parts, args.positive, checkpoint)
    result = saved(args, checkpoint, tally, SAID, examples.notes)
    return result | {"n": len(examples), "seconds": round(time.monotonic() - started, 1)}


def evaluate(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """Score the labelled tracklets, and return the metrics at the checkpoint's threshold, or at the requested one."""
    scorer, tally = Scorer(checkpoint), Tally()
    data, p = read_scored(args.data, scorer, tally)
    truth = [tracklet_side(label, checkpoint, data.labels, args.positive) for label in data.labels]
    result, answers = classifier_figures(args, scorer, tally, data, (p, TRACKLET_CLASSES, scorer.positive, truth))
    add_threshold_figures(result, answers, args.seed)
    result["detections"] = np.bincount([len(one) for one in data.sightings]).nonzero()[0].tolist()
    finish(args, result, answers, at_threshold=bool(result["nights_at_threshold"]))
    return result


def add_threshold_figures(result: dict[str, Any], answers: ScoredSubjects, seed: int) -> None:
    """Add the fractions kept and rejected at the threshold with their intervals, and the table of nights."""
    real, called = answers.real, answers.p_real >= answers.threshold
    draws = bootstrap(lambda weights: _shares(real, called, weights), answers.groups, DRAWS, seed)
    for name, proportions in _shares(real, called, np.ones((1, len(real)))).items():
        result["operating"][name] = float(proportions[0])
        result["intervals"][name] = interval(draws[name])
    known = answers.conditions.night != ""
    nights = by_night(answers.conditions.night, real, answers.p_real, answers.threshold) if known.any() else None
    result["nights_at_threshold"] = [] if nights is None else night_rows(nights)


def _shares(
    real: NDArray[np.bool_], called: NDArray[np.bool_], weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    return {
        "kept_at_threshold": proportion(weights @ (called & real), weights @ real),
        "rejected_at_threshold": proportion(weights @ ~(called | real), weights @ ~real),
    }


__all__ = ["PRESETS", "evaluate", "score", "train"]


OF_TRACKLETS = frozenset({SATELLITE})  # each stamp shows a real point of light; only together are they bogus


def learnable(
    parts: list[Slab],
    positive: str | None,
    base: Checkpoint | None,
    *,
    keeps_stamp_classes: bool,
    without_track_features: bool,
) -> Examples:
    """Return tracklets of any number of detections as examples.

    Raises BadExamples if there are none, their shapes differ, or their labels are of one kind only.

    Parameters
    ----------
    parts
        Labelled tracklets.
    positive
        The real classes as given by the user, "A,B", or None.
    base
        A checkpoint to start from.
    keeps_stamp_classes
        Whether the base's stamp classes are kept: then a label only means real or bogus.
    without_track_features
        Drop the frames' times and positions.
    """
    if not parts:
        raise BadExamples(
            "There is no labelled tracklet of three or more frames with pixels in the data. Training needs labels."
        )
    check_shapes(parts, "(channels, height, width)", first=2)
    labels = [label for part in parts for label in part.labels]
    classes, real, words = _classes(labels, positive, base if keeps_stamp_classes else None)
    tracks = stacked([one for part in parts for one in part.sightings])
    return Examples(
        allowed(words, classes, real),
        np.ones(len(labels), dtype=np.float32),
        np.array([group for part in parts for group in part.groups]),
        classes,
        real,
        pixels=PaddedPixels([part.pixels for part in parts]),
        tracks=TrackletFrames(np.full_like(tracks.fields, np.nan), tracks.present)
        if without_track_features
        else tracks,
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
            else f"The labels {', '.join(found)} name fewer than two kinds of stamp. Add tracklets with another label."
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


def tracklet_side(label: str, checkpoint: Checkpoint, labels: Sequence[str], positive: str | None) -> str | None:
    """Return "real" or "bogus" for the label of a tracklet, or None for an unknown one.

    With `positive`, "A,B", those are real and all other `labels` bogus; else the model's classes and the usual words
    for yes and no.
    """
    if positive:
        return "real" if label in positive_of(sorted(set(labels)), positive) else "bogus"
    trained_labels = checkpoint.manifest.get("labels", {"real": [], "bogus": []})
    real = {*trained_labels["real"], *checkpoint.manifest["positive"]}
    if label in real or label.lower() in REAL_WORDS:
        return "real"
    bogus = {*trained_labels["bogus"], *checkpoint.manifest["classes"], *OF_TRACKLETS}
    return "bogus" if label in bogus or label.lower() in BOGUS_WORDS else None
