"""`python -m ml crowd`: aggregate a CSV of votes, and compare with the truth where it is known."""

import argparse
import csv
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ml.crowd.dawid_skene import DawidSkene
from ml.crowd.majority import Majority
from ml.crowd.swap import Swap
from ml.crowd.votes import Votes, read_truth, read_votes


class Aggregator(Protocol):
    posteriors_: np.ndarray
    n_iter_: int

    def fit(self, votes: Votes) -> Any: ...


# "auto" is Dawid–Skene that leans on the whole crowd and knows that people err alike: on five real crowds it is as
# often right as plain Dawid–Skene, and its log loss is a third to a half of it (tests/real/test_crowd_real.py).
METHODS: dict[str, Callable[[], Aggregator]] = {
    "auto": lambda: DawidSkene(shrinkage=2.0, temper=0.5),
    "majority": Majority,
    "dawid-skene": DawidSkene,
    "swap": Swap,
}


def add(subparsers: Any) -> None:
    """Add the command to an argparse parser's subparsers."""
    parser = subparsers.add_parser("crowd", help="from many people's votes to one answer per item")
    parser.add_argument("--labels", type=Path, required=True, help="CSV with the columns item, worker, label")
    parser.add_argument("--truth", type=Path, help="CSV with the columns item, truth: scores the answers")
    parser.add_argument("--method", choices=METHODS, default="auto")
    parser.add_argument("--out", type=Path, help="CSV to write: item, answer and a probability for each class")
    parser.add_argument("--seed", type=int, default=0, help="taken by every command; nothing here is random")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Aggregate and print JSON; 2 and one line on stderr for bad input."""
    try:
        votes = read_votes(args.labels)
        truth = votes.codes_of(read_truth(args.truth)) if args.truth else None
        started = time.perf_counter()
        model = fitted(args.method, votes)
        seconds = time.perf_counter() - started
        if args.out:
            write_posteriors(args.out, votes, model.posteriors_)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"crowd: {error}\n")
        return 2
    sys.stdout.write(json.dumps(summary(args.method, votes, model, truth, seconds)) + "\n")
    return 0


def fitted(method: str, votes: Votes) -> Aggregator:
    model = METHODS[method]()
    model.fit(votes)
    return model


def summary(method: str, votes: Votes, model: Aggregator, truth: np.ndarray | None, seconds: float) -> dict[str, Any]:
    counted = {
        "method": method,
        "n_items": len(votes.items),
        "n_workers": len(votes.workers),
        "n_votes": len(votes.item),
        "n_truth": 0,
        "accuracy": None,
        "log_loss": None,
        "iterations": model.n_iter_,
        "seconds": round(seconds, 4),
    }
    return counted if truth is None or not (truth >= 0).any() else counted | score(model.posteriors_, truth)


def score(posteriors: np.ndarray, truth: np.ndarray) -> dict[str, float | int]:
    """Compare posteriors (n, K) with class codes (n,), -1 where unknown.

    Returns
    -------
    dict
        n_truth; accuracy, where an item tied between m classes counts 1/m if the truth is one of them, which is
        what drawing lots would give on average; log_loss in nats, probabilities held above 1e-15.
    """
    known = truth >= 0
    rows, right = posteriors[known], truth[known]
    leading = rows >= rows.max(axis=1, keepdims=True) - 1e-12
    order = np.arange(len(rows))
    return {
        "n_truth": int(known.sum()),
        "accuracy": round(float((leading[order, right] / leading.sum(axis=1)).mean()), 6),
        "log_loss": round(float(-np.log(np.maximum(rows[order, right], 1e-15)).mean()), 6),
    }


def write_posteriors(path: Path, votes: Votes, posteriors: np.ndarray) -> None:
    """Write item, the likeliest answer, and the probability of each class."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["item", "answer", *votes.classes])
        answers = posteriors.argmax(axis=1)
        for item, answer, row in zip(votes.items, answers, posteriors, strict=True):
            writer.writerow([item, votes.classes[answer], *(f"{value:.6f}" for value in row)])
