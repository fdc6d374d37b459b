"""`python -m ml evaluate`: judge a checkpoint on a labelled manifest."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.checkpoint import Checkpoint
from ml.commands.run import command
from ml.commands.subjects import Tally, positive_of, slabs
from ml.dataset import BOGUS_WORDS, REAL_WORDS, BadExamples
from ml.evaluate import evaluate
from ml.report import write_report
from ml.score import TRACKLET_CLASSES, Scorer


def add(subparsers: Any) -> None:
    """Add the command to an argparse parser's subparsers."""
    parser = command(subparsers, "evaluate", "judge a model on a labelled manifest", run)
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--data", type=Path, required=True, help="manifest with labels")
    parser.add_argument("--positive", help="the labels that are real, A,B; else the checkpoint's")
    parser.add_argument("--report", type=Path, help="HTML page to write: figures, curves, confusion")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Score the labelled subjects and return the figures."""
    scorer = Scorer(Checkpoint.load(args.checkpoint))
    tally = Tally()
    labels, groups, scored = [], [], []
    for slab in slabs(args.data, tally, labelled=True):
        labels += slab.labels
        groups += slab.groups
        scored.append(scorer.probabilities(slab.pixels))
    if not scored:
        raise BadExamples("There is no labelled subject with pixels in the data: nothing to judge the model by.")
    p, classes, positive, truth = comparable(scorer, np.concatenate(scored), labels, args.positive)
    known = np.array([label is not None for label in truth])
    for label in sorted({label for label, fine in zip(labels, known, strict=True) if not fine}):
        tally.complain(f"label {label!r} is none of the model's classes, yes or no")
    if not known.any():
        raise BadExamples(f"No label is one of the model's classes {', '.join(scorer.chip_classes)}, yes or no.")
    names = [label for label in truth if label is not None]
    said = evaluate(p[known], names, classes, positive, np.array(groups)[known], seed=args.seed)
    said |= {"skipped": tally.skipped, "role": scorer.role, "checkpoint": str(args.checkpoint)}
    if args.report:
        write_report(args.report, said, p[known], names)
    return said


def comparable(
    scorer: Scorer, p: NDArray[np.float32], labels: list[str], named: str | None
) -> tuple[NDArray[np.float32], tuple[str, ...], tuple[str, ...], list[str | None]]:
    """Return probabilities, classes, positive and truth in the same words.

    Fine classes where every label is one of the model's; else real against bogus, with None for a label that is
    neither a class nor a word for yes or no.
    """
    if scorer.role == "stamp" and set(labels) <= set(scorer.classes):
        positive = positive_of(scorer.classes, named) if named else scorer.positive
        return p, scorer.classes, positive, list(labels)
    real = set(positive_of(sorted(set(labels)), named) if named else scorer.manifest["positive"])
    bogus = set(labels if named else scorer.chip_classes) - real
    p_real = scorer.p_real(p)
    return np.stack([1 - p_real, p_real], axis=1), TRACKLET_CLASSES, ("real",), [side(x, real, bogus) for x in labels]


def side(label: str, real: set[str], bogus: set[str]) -> str | None:
    """Return "real" or "bogus" for a label, or None."""
    if label in real or label.lower() in REAL_WORDS:
        return "real"
    return "bogus" if label in bogus or label.lower() in BOGUS_WORDS else None
