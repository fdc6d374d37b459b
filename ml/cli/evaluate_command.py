"""`python -m ml evaluate`: evaluate a checkpoint on a labelled manifest."""

import argparse
from pathlib import Path
from typing import Any

from ml.cli.command import command
from ml.cli.role_options import RoleOptions
from ml.cli.role_registry import role_of
from ml.inference.checkpoint import Checkpoint


def add(subparsers: Any) -> None:
    """Add the command to an argparse parser's subparsers."""
    parser = command(subparsers, "evaluate", "evaluate a model on a labelled manifest", run)
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--role", help="what the checkpoint is expected to be; else whatever it says")
    parser.add_argument("--data", type=Path, required=True, help="manifest with labels")
    parser.add_argument("--report", type=Path, help="HTML report to write: every metric with plot, table and CSV")
    parser.add_argument("--plots", type=Path, help="folder to write the plots to, as PNG and SVG")
    options = RoleOptions(parser)
    options.of("stamp", "tracklet").add_argument(
        "--positive", help="the labels that are real, A,B (default: the checkpoint's)"
    )
    options.of("stamp", "tracklet", "cube").add_argument(
        "--threshold",
        type=float,
        help="minimum probability of a real subject or a mover voxel (default: the checkpoint's, or 0.5)",
    )
    trails = options.of("trail")
    trails.add_argument("--no-classical", action="store_true", help="do not compare with the classical detector")
    cubes = options.of("cube")
    cubes.add_argument(
        "--limits", default="18,19,20,21", help="magnitude limits, from bright to faint (default 18,19,20,21)"
    )
    cubes.add_argument("--stride", type=int, help="frames between windows; 1 as in the paper (default: half a window)")
    cubes.add_argument("--tta", type=int, default=1, help="symmetries to average over, of 16 (default 1)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Evaluate with the metrics of the checkpoint's role."""
    checkpoint = Checkpoint.load(args.checkpoint)
    return role_of(args, checkpoint).evaluate(args, checkpoint)
