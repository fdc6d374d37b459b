"""Evaluate a model of rate bins: accuracy, and accuracy within one bin."""

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.cli.score_classifier import probabilities_of
from ml.cli.subject_slabs import Tally, slabs
from ml.data.dataset import BadExamples
from ml.data.rate_bins import bin_names, bin_of
from ml.evaluation.metrics.bootstrap import bootstrap_weights, interval
from ml.evaluation.metrics.decisions import confusion_counts, kappa
from ml.inference.checkpoint import Checkpoint
from ml.inference.scorer import Scorer

DRAWS = 1000


def evaluate_rate_bins(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """Score the subjects whose rate lies in the model's bins, and return the metrics.

    Returns
    -------
    n, skipped, classes (bins in arcsec/h), accuracy and its interval, within_one (right or the bin beside it), kappa,
    confusion (rows true), accuracies (of each bin; None where it is empty).

    Raises BadExamples if no subject has a rate, or an option for real-bogus models was given.
    """
    args.foreign.unread(args, ("positive", "threshold", "report", "plots"), "a model of rate bins")
    edges = checkpoint.manifest["velocity_bins"]
    names, scorer, tally = bin_names(edges), Scorer(checkpoint), Tally()
    truth, scored, groups = [], [], []
    for slab in slabs(args.data, tally, labelled=False):
        bins = [bin_of(conditions.rate, edges) for conditions in slab.conditions]
        rows = [row for row, name in enumerate(bins) if name]
        tally.skipped += len(bins) - len(rows)
        if rows:
            part = slab.take(rows, [bins[row] for row in rows])
            scored.append(probabilities_of(scorer, part))
            truth += [names.index(name) for name in part.labels]
            groups += part.groups
    if not truth:
        raise BadExamples(f"No subject has a `rate` from {edges[0]:g} to {edges[-1]:g} arcsec/h: nothing to evaluate.")
    predicted = _figures(np.array(truth), np.concatenate(scored).argmax(1), np.array(groups), args.seed, len(names))
    return {"n": len(truth), "skipped": tally.skipped, "classes": list(names), **predicted, "role": scorer.role}


def _figures(
    truth: NDArray[Any], predicted: NDArray[Any], groups: NDArray[Any], seed: int, bins: int
) -> dict[str, Any]:
    right = truth == predicted
    drawn = [(weights @ right) / weights.sum(1) for weights in bootstrap_weights(groups, DRAWS, seed)]
    return {
        "accuracy": float(right.mean()),
        "within_one": float((np.abs(truth - predicted) <= 1).mean()),
        "kappa": kappa(truth, predicted, bins),
        "confusion": confusion_counts(truth, predicted, bins).tolist(),
        "accuracies": [float(right[truth == one].mean()) if (truth == one).any() else None for one in range(bins)],
        "intervals": {"accuracy": list(interval(np.concatenate(drawn)))},
    }
