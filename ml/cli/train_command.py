"""`python -m ml train`: from a labelled manifest to a checkpoint."""

import argparse
from pathlib import Path
from typing import Any

from ml.cli import stamp_options
from ml.cli.command import command
from ml.cli.role_options import RoleOptions
from ml.cli.role_registry import ROLES, check_preset, role_named
from ml.data.dataset import BadExamples
from ml.inference.checkpoint import check_place


def add(subparsers: Any) -> None:
    """Add the command to an argparse parser's subparsers."""
    parser = command(subparsers, "train", "train a model on a labelled manifest", run)
    parser.add_argument("--role", required=True, help=", ".join(ROLES))
    parser.add_argument("--data", type=Path, required=True, help="manifest with labels")
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint; an earlier one is replaced")
    parser.add_argument("--preset", default="auto", help="training preset; auto chooses by role and labels")
    parser.add_argument(
        "--init",
        default=stamp_options.AUTO,
        help="imagenet, sky, random, scratch, or a checkpoint; auto: sky for heads and fine-tuning, else imagenet",
    )
    parser.add_argument("--minutes", type=float, help="time limit for presets that train a network")
    options = RoleOptions(parser)
    options.of("stamp", "tracklet").add_argument(
        "--positive", help="the real classes, A,B (default: the simulated sky's)"
    )
    options.of("stamp", "cube").add_argument(
        "--batch", type=int, help="batch size in stamps or crops (default: the preset's)"
    )
    stamp_options.add_options(options.of("stamp"))
    trails = options.of("trail")
    trails.add_argument(
        "--marks", type=Path, help="CSV of volunteers' lines: external_id, volunteer, x1, y1, x2, y2[, frame]"
    )
    trails.add_argument(
        "--steps",
        type=int,
        help="batches of eight crops (default 1200, or 600 from a checkpoint); 0 retrains only its vetting",
    )
    cubes = options.of("cube")
    cubes.add_argument(
        "--normalisation", default="asinh", choices=("adaptive", "asinh", "raw"), help="input normalisation"
    )
    cubes.add_argument("--crop", type=int, help="side of the crops in voxels (default: the preset's)")
    tracklets = options.of("tracklet")
    tracklets.add_argument(
        "--completeness", type=float, default=0.996, help="fraction of real tracklets that the threshold keeps (.996)"
    )
    tracklets.add_argument(
        "--no-track-features", action="store_true", help="use stamps only: no motion, brightness or position"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Train, save, and return a summary."""
    role = role_named(args.role)
    check_preset(role, args.preset)
    args.foreign.check(args, args.role)
    check_limits(args)
    check_place(args.out)
    return role.train(args)


def check_limits(args: argparse.Namespace) -> None:
    """Raise BadExamples for a time limit that is not positive, or a negative number of steps."""
    if args.minutes is not None and not args.minutes > 0:
        raise BadExamples(f"--minutes is a time above 0, not {args.minutes:g}. Leave it out for no limit.")
    if args.steps is not None and args.steps < 0:
        raise BadExamples(f"--steps is a number of batches, 0 or more, not {args.steps}. Correct it, or leave it out.")
