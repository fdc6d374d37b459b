"""The role "tracklet" on the command line: train, evaluate and score tracklets of any number of detections."""

import argparse
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.cli.evaluate_classifier import classifier_figures, finish, read_scored
from ml.cli.score_classifier import FEWEST, score
from ml.cli.stamp_options import AUTO
from ml.cli.subject_slabs import Tally, slabs
from ml.cli.tracklet_data import labels_of, tracklet_examples, tracklet_side
from ml.cli.training_output import print_epoch, saved, state_file
from ml.data.dataset import BadExamples
from ml.evaluation.classifier import DRAWS
from ml.evaluation.metrics.binomial import proportion
from ml.evaluation.metrics.bootstrap import bootstrap, interval
from ml.evaluation.metrics.nightly_counts import by_night
from ml.evaluation.stratified import ScoredSubjects, night_rows
from ml.inference.checkpoint import Checkpoint
from ml.inference.scorer import TRACKLET_CLASSES, Scorer
from ml.inference.tracklet_net import PAPER
from ml.models.sky_net import SKY
from ml.roles.train_role import INITS
from ml.roles.train_role import train as train_model
from ml.tracklets.two_stage import PRESETS

__all__ = ["PRESETS", "evaluate", "score", "train"]

SAID = ("role", "preset", "tracklet_net", "threshold", "architecture", "classes", "positive", "feature_key")


def train(args: argparse.Namespace) -> dict[str, Any]:
    """Train, save, and return a summary."""
    if not 0 < args.completeness <= 1:
        raise BadExamples(f"--completeness is a fraction above 0 and up to 1, not {args.completeness:g}.")
    if args.preset == PAPER:
        args.foreign.unread(args, ("completeness",), "preset paper")
    init = SKY if args.init == AUTO else args.init  # as on the site
    base = None if init in INITS else Checkpoint.load(init)
    preset = PRESETS[0] if args.preset == "auto" else args.preset
    started, tally = time.monotonic(), Tally()
    parts = list(slabs(args.data, tally, labelled=True, fewest=FEWEST["tracklet"]))
    examples = tracklet_examples(
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
    draws = bootstrap(lambda weights: _fractions(real, called, weights), answers.groups, DRAWS, seed)
    for name, proportions in _fractions(real, called, np.ones((1, len(real)))).items():
        result["operating"][name] = float(proportions[0])
        result["intervals"][name] = interval(draws[name])
    known = answers.conditions.night != ""
    nights = by_night(answers.conditions.night, real, answers.p_real, answers.threshold) if known.any() else None
    result["nights_at_threshold"] = [] if nights is None else night_rows(nights)


def _fractions(
    real: NDArray[np.bool_], called: NDArray[np.bool_], weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    return {
        "kept_at_threshold": proportion(weights @ (called & real), weights @ real),
        "rejected_at_threshold": proportion(weights @ ~(called | real), weights @ ~real),
    }
