"""`python -m ml score`: a checkpoint's probabilities for every subject, as Parquet."""

import argparse
from pathlib import Path
from typing import Any

from ml.cli.command import command
from ml.cli.role_options import RoleOptions
from ml.cli.role_registry import role_of
from ml.inference.checkpoint import Checkpoint


def add(subparsers: Any) -> None:
    """Add the command to an argparse parser's subparsers."""
    parser = command(subparsers, "score", "score every subject of a manifest", run)
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--role", help="what the checkpoint is expected to be; else whatever it says")
    parser.add_argument("--data", type=Path, required=True, help="manifest; labels are not needed")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="Parquet file; of stamps and tracklets a row each, with every class, of cubes a row a track",
    )
    options = RoleOptions(parser)
    trails = options.of("trail", description="one row per trail; --out may be the folder of a scan to resume")
    trails.add_argument("--shard", type=int, default=64, help="subjects per shard (default 64)")
    trails.add_argument(
        "--min-foreground",
        type=float,
        help="minimum foreground probability of a cell, 0..1 (0.4; 0.3 for short trails)",
    )
    cubes = options.of("cube")
    cubes.add_argument("--threshold", type=float, help="minimum probability of a mover voxel (default: the model's)")
    cubes.add_argument("--stride", type=int, help="frames between windows; 1 as in the paper (default: half a window)")
    cubes.add_argument("--tta", type=int, default=1, help="symmetries to average over, of 16 (default 1)")
    cubes.add_argument("--known-objects", type=Path, help="CSV of known objects: object,frame,x,y or object,mjd,ra,dec")
    cubes.add_argument(
        "--radius", type=float, default=3.0, help="pixels within which an object is a candidate (default 3)"
    )
    cubes.add_argument(
        "--pixel-scale", type=float, default=21.0, help="arcsec per pixel for cubes without WCS (default 21)"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Score with the checkpoint, by its role."""
    checkpoint = Checkpoint.load(args.checkpoint)
    return role_of(args, checkpoint).score(args, checkpoint)
