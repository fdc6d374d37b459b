"""`python -m ml benchmark NAME`: speed of the main parts, as ratios if that is fair; votes saved by acquisition."""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ml.cli.active import command as active
from ml.cli.command import command
from ml.data.dataset import Examples
from ml.data.preprocessing import FROZEN
from ml.inference.checkpoint import Checkpoint
from ml.inference.feature_extractor import default_backbone, prepare
from ml.inference.runtime import BATCH
from ml.inference.scorer import Scorer
from ml.models.weights import imagenet_backbone
from ml.roles.train_role import train

ACTIVE = "active"
CLASSES, POSITIVE = tuple("ABCDEFGH"), ("A", "B", "C")


def add(subparsers: Any) -> None:
    """Add the command to an argparse parser's subparsers."""
    parser = command(subparsers, "benchmark", "measure the speed of one part, or the votes saved by asking well", run)
    parser.add_argument("name", choices=sorted([*BENCHMARKS, ACTIVE]), help="the benchmark")
    parser.add_argument("--n", type=int, help="number of subjects")
    active.add_options(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Run one benchmark and return what it measured."""
    if args.name == ACTIVE:
        return {"benchmark": ACTIVE, **active.run(args)}
    work, n = BENCHMARKS[args.name]
    n = n if args.n is None else args.n
    if n < 1:
        raise ValueError(f"--n is a number of subjects, 1 or more, not {n}")
    return {"benchmark": args.name, "n": n, **work(n, np.random.default_rng(args.seed))}


def score(n: int, random: np.random.Generator) -> dict[str, float]:
    """Measure features per second of 100×100 stamps, compared with a bare torch loop over the same stamps."""
    stamps = random.normal(100, 5, (n, 1, 1, 100, 100)).astype(np.float32)
    backbone = default_backbone()
    backbone.features(stamps[:1])
    ours = n / seconds(lambda: backbone.features(stamps))
    network = prepare(imagenet_backbone(), FROZEN, 1).eval().to(memory_format=torch.channels_last)

    def bare() -> None:
        with torch.inference_mode():
            for part in torch.from_numpy(FROZEN.stretched(stamps)[:, 0]).split(BATCH):
                network(part)

    torch_rate = n / seconds(bare)
    return {"stamps_per_second": ours, "torch_stamps_per_second": torch_rate, "ratio": ours / torch_rate}


def rescore(n: int, random: np.random.Generator) -> dict[str, float]:
    """Measure probabilities per second from stored features."""
    features = random.normal(size=(n, 1, 1280)).astype(np.float16)
    manifest = {"role": "stamp", "classes": list(CLASSES), "positive": list(POSITIVE), "feature_key": ""}
    tensors = {"stamp.weight": torch.zeros(8, 1280), "stamp.bias": torch.zeros(8)}
    scorer = Scorer(Checkpoint(manifest, tensors))
    took = seconds(lambda: scorer.probabilities_from_features(features))
    return {"seconds": took, "subjects_per_second": n / took}


def head(n: int, random: np.random.Generator) -> dict[str, float]:
    """Measure the training of a stamp head on stored features."""
    kinds = random.integers(0, 8, n)
    features = random.normal(size=(n, 1, 1280)) + random.normal(size=(8, 1, 1280))[kinds] * 0.05
    examples = Examples(
        np.eye(8, dtype=np.float32)[kinds],
        np.ones(n, dtype=np.float32),
        np.arange(n).astype(str),
        CLASSES,
        POSITIVE,
        features=features.astype(np.float16),
    )
    return {"seconds": seconds(lambda: train("stamp", examples))}


def seconds(work: Callable[[], Any]) -> float:
    """Time a call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


BENCHMARKS: dict[str, tuple[Callable[[int, np.random.Generator], dict[str, float]], int]] = {
    "score": (score, 1024),
    "rescore": (rescore, 100_000),
    "head": (head, 10_000),
}
