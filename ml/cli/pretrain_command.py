"""`python -m ml pretrain`: the sky backbone, from simulated skies to weights."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch

from ml.cli.command import command
from ml.models.compute import limit_torch
from ml.models.sky_net import SIZES
from ml.simulate.labelled_stamps import SKIES
from ml.training.pretrain import Pretraining, pretrain

STEPS = 4_000


def add(subparsers: Any) -> None:
    """Add the command to an argparse parser's subparsers."""
    parser = command(subparsers, "pretrain", "pretrain the sky backbone on all simulated skies; resumable", run)
    parser.add_argument("--out", type=Path, required=True, help="folder of stamps, state and weights")
    parser.add_argument(
        "--size", choices=SIZES, help="of the network; the default is large on a machine with a GPU, else standard"
    )
    parser.add_argument("--steps", type=int, default=STEPS, help=f"batches (default {STEPS})")
    parser.add_argument(
        "--without", action="append", default=[], choices=SKIES, help="a simulator to leave out; repeat for more"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Pretrain, and return the model card."""
    if args.steps < 1:
        raise ValueError(f"--steps is a number of batches, 1 or more, not {args.steps}")
    limit_torch()
    size = args.size or ("large" if torch.cuda.is_available() else "standard")
    settings = Pretraining(args.steps, args.seed, size, tuple(sorted(set(args.without))))
    return pretrain(settings, args.out, on_report=report)


def report(progress: dict[str, Any]) -> None:
    """Print a line of progress to stderr."""
    sys.stderr.write(json.dumps(progress) + "\n")
    sys.stderr.flush()
