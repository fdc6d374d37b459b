"""The role "stamp" on the command line: train, evaluate, and Monte Carlo cross-validate."""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ml.cli import evaluate_classifier, evaluate_rate_bins, stamp_options
from ml.cli.score_classifier import score
from ml.cli.stamp_data import examples_from
from ml.cli.stamp_options import PRESETS, recipe_from_options
from ml.cli.subject_slabs import Tally
from ml.cli.training_output import print_epoch, saved, state_file
from ml.cli.unlabelled_data import unlabelled_from
from ml.data.dataset import BadExamples, Examples
from ml.data.monte_carlo import monte_carlo
from ml.evaluation.classifier import evaluate_probabilities as figures_of
from ml.inference.checkpoint import Checkpoint
from ml.inference.scorer import Scorer
from ml.roles.train_role import INITS
from ml.training.finetune_then_probe import features_of
from ml.training.presets import Recipe
from ml.training.train_stamps import train_stamps

SAID = ("role", "preset", "architecture", "init", "classes", "positive", "feature_key", "preprocessing")
JUDGED = ("accuracy", "roc_auc", "kappa", "f1")


def train(args: argparse.Namespace) -> dict[str, Any]:
    """Train, save, and return a summary."""
    if args.velocity_bins:
        args.foreign.unread(args, ("positive", "merge"), "a model of rate bins")
    stamp_options.check_unlabelled(args)
    base = None if args.init in (stamp_options.AUTO, *INITS) else Checkpoint.load(args.init)
    started, tally = time.monotonic(), Tally()
    examples = examples_from(args, base, tally)
    args.init = stamp_options.initial_weights(args, len(examples))
    channels = int(np.asarray(examples.pixels[:1]).shape[2])
    start = None if base is None else base.manifest["architecture"]
    recipe = recipe_from_options(args, channels, len(examples), start=start)
    if args.unlabelled is not None:
        examples.unlabelled = unlabelled_from(args.unlabelled, examples, tally)
    with memory_explained():
        crossed = _monte_carlo(args, examples, recipe, base)
        began = time.monotonic()
        checkpoint = train_stamps(
            examples,
            recipe,
            base=base,
            seed=args.seed,
            minutes=args.minutes,
            on_epoch=print_epoch,
            state=state_file(args),
        )
    checkpoint.manifest |= _asked(args)
    return {
        **saved(args, checkpoint, tally, SAID, examples.notes),
        "n": len(examples),
        "unlabelled": checkpoint.manifest.get("unlabelled", 0),
        "frozen": recipe.freeze,
        "notes": examples.notes,
        **crossed,
        "training_seconds": round(time.monotonic() - began, 1),
        "seconds": round(time.monotonic() - started, 1),
    }


def evaluate(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """Evaluate the checkpoint on its classes, or on its rate bins."""
    with memory_explained():
        if "velocity_bins" in checkpoint.manifest:
            return evaluate_rate_bins.evaluate_rate_bins(args, checkpoint)
        return evaluate_classifier.evaluate_classifier(args, checkpoint)


def _asked(args: argparse.Namespace) -> dict[str, Any]:
    """Return the options that evaluation needs to read a manifest as training did."""
    result: dict[str, Any] = {}
    if args.merge:
        result["merged"] = stamp_options.merged_classes(args.merge)
    if args.velocity_bins:
        result["velocity_bins"] = [float(edge) for edge in args.velocity_bins.split(",")]
    return result


def _monte_carlo(
    args: argparse.Namespace, examples: Examples, recipe: Recipe, base: Checkpoint | None
) -> dict[str, Any]:
    if args.monte_carlo is None:
        return {}

    def judged(train_part: Examples, test: Examples) -> dict[str, float]:
        made = train_stamps(train_part, recipe, base=base, seed=args.seed, minutes=args.minutes, on_epoch=print_epoch)
        return test_figures(made, test)

    return {"monte_carlo": monte_carlo(examples, judged, splits=args.monte_carlo, seed=args.seed)}


def test_figures(checkpoint: Checkpoint, test: Examples) -> dict[str, float]:
    """Return accuracy and, if the classes include real and bogus ones, AUC, κ and F1 on examples."""
    scorer = Scorer(checkpoint)
    p = scorer.probabilities_from_features(features_of(test, np.arange(len(test)), scorer.backbone), values=test.values)
    truth = test.targets.argmax(1)
    if not test.positive:
        return {"accuracy": float((p.argmax(1) == truth).mean())}
    result = figures_of(p, truth, test.classes, test.positive, test.groups, draws=2)
    return {name: np.nan if result[name] is None else result[name] for name in JUDGED}


@contextmanager
def memory_explained() -> Iterator[None]:
    """Replace an out-of-memory error with one that says what to make smaller."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not out_of_memory(error):
            raise
        raise BadExamples(
            "Not enough memory for this network and these stamps. Use a smaller --size or --batch, a smaller"
            f" --architecture, or fewer subjects. ({' '.join(str(error).split())[:200]})"
        ) from error


def out_of_memory(error: RuntimeError) -> bool:
    """Return whether this is an out-of-memory error of torch, on a GPU or a CPU."""
    result = str(error).lower()
    return any(words in result for words in ("out of memory", "can't allocate memory", "not enough memory"))


__all__ = ["PRESETS", "evaluate", "score", "train"]
