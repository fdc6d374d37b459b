"""`python -m ml crowd`: aggregate a CSV of votes, and compare it with the truth if known."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ml.cli.exit_status import exit_status
from ml.cli.outputs import check_outputs
from ml.cli.seed import add_seed
from ml.crowd import agreement
from ml.crowd.aggregator import Aggregator
from ml.crowd.bwa import Bwa
from ml.crowd.dawid_skene import DawidSkene
from ml.crowd.ebcc import Ebcc
from ml.crowd.glad import Glad
from ml.crowd.ibcc import Ibcc
from ml.crowd.majority import Majority, WeightedMajority, leading
from ml.crowd.model_selection import Auto
from ml.crowd.one_coin import OneCoin
from ml.crowd.read import read_truth, read_votes
from ml.crowd.swap import Swap
from ml.crowd.votes import Votes
from ml.io.safe_csv import CellWriter
from ml.io.whole_file import whole_file

METHODS: dict[str, Callable[..., Aggregator]] = {
    "auto": Auto,
    "majority": Majority,
    "weighted-majority": WeightedMajority,
    "dawid-skene": DawidSkene,
    "one-coin": OneCoin,
    "swap": Swap,
    "glad": Glad,
    "bwa": Bwa,
    "ibcc": Ibcc,
    "ebcc": Ebcc,
}
SEEDED = ("auto", "ebcc")


def add(subparsers: Any) -> None:
    """Add the command to an argparse parser's subparsers."""
    parser = subparsers.add_parser("crowd", help="aggregate many people's votes into one answer per item")
    parser.add_argument("--labels", type=Path, required=True, help="CSV with the columns item, worker, label")
    parser.add_argument("--truth", type=Path, help="CSV with the columns item, truth, to score the answers")
    parser.add_argument("--gold", type=Path, help="CSV with the columns item, truth, to measure the workers' skills")
    parser.add_argument("--method", choices=METHODS, default="auto")
    parser.add_argument("--out", type=Path, help="CSV to write: item, answer and a probability for each class")
    add_seed(parser, "random seed of auto's halves of the votes, and of ebcc's start (default 0)")
    parser.set_defaults(run=lambda args: exit_status("crowd", lambda: run(args)))


def run(args: argparse.Namespace) -> None:
    """Aggregate and print JSON."""
    check_outputs(args, "out")
    started = time.perf_counter()
    votes = read_votes(args.labels)
    truth = votes.truth_of(read_truth(args.truth) if args.truth else {})
    gold = votes.gold_of(read_truth(args.gold)) if args.gold else None
    read = time.perf_counter()
    model = METHODS[args.method](**({"seed": args.seed} if args.method in SEEDED else {})).fit(votes, gold)
    fitted = time.perf_counter()
    if args.out:
        write_posteriors(args.out, votes, model.posteriors_)
    times = {"read_seconds": round(read - started, 4), "seconds": round(fitted - read, 4)}
    sys.stdout.write(json.dumps(crowd_summary(args.method, votes, model, truth, gold) | times) + "\n")


def crowd_summary(
    method: str, votes: Votes, model: Aggregator, truth: np.ndarray, gold: np.ndarray | None
) -> dict[str, Any]:
    """Describe the result and its accuracy; gold items are not scored."""
    labelled_items = np.full(len(truth), False) if gold is None else gold >= 0
    return {
        "method": method,
        "chosen": getattr(model, "chosen_", method),
        "reason": getattr(model, "reason_", "As asked."),
        "temperature": round(getattr(model, "temperature_", 1.0), 4),
        "n_items": len(votes.items),
        "n_workers": len(votes.workers),
        "n_votes": len(votes.item),
        "n_unsure": int((~votes.definite).sum()),
        "n_gold": int(labelled_items.sum()),
        "agreement": agreement.agreement_summary(votes.counts()[:, :-1]),
        **compare_with_truth(model.posteriors_, np.where(labelled_items, -1, truth)),
        "iterations": model.n_iter_,
        "converged": model.converged_,
        "log_likelihood": None if np.isnan(model.log_likelihood_) else round(model.log_likelihood_, 4),
    }


def compare_with_truth(posteriors: np.ndarray, truth: np.ndarray) -> dict[str, float | int | None]:
    """Compare posteriors (n, K) with class codes (n,): -1 where unknown, K for a class that nobody voted for.

    Returns
    -------
    dict
        n_truth; n_truth_unvoted, those of code K, which are wrong and of probability 0; accuracy, where an item tied
        between m classes counts 1/m if the truth is one of them (the expectation of a random choice); log_loss in nats,
        probabilities clipped at 1e-15. Both are None without any truth.
    """
    known = np.flatnonzero(truth >= 0)
    if not len(known):
        return {"n_truth": 0, "n_truth_unvoted": 0, "accuracy": None, "log_loss": None}
    rows, right, classes = np.arange(len(known)), truth[known], posteriors.shape[1]
    p = np.pad(posteriors[known], ((0, 0), (0, 1)))
    chances = np.maximum(p[rows, right], 1e-15)
    return {
        "n_truth": len(known),
        "n_truth_unvoted": int((right == classes).sum()),
        "accuracy": round(float(leading(p)[rows, right].mean()), 6),
        "log_loss": round(float(-np.log(chances).mean()), 6),
    }


def write_posteriors(path: Path, votes: Votes, posteriors: np.ndarray) -> None:
    """Write each item, its most probable answer, and the probability of each class."""
    with whole_file(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = CellWriter(file, lineterminator="\n")
        writer.writerow(["item", "answer", *votes.classes])
        answers = posteriors.argmax(axis=1)
        for item, answer, row in zip(votes.items, answers, posteriors, strict=True):
            writer.writerow([item, votes.classes[answer], *(f"{value:.6f}" for value in row)])
