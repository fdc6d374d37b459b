"""`python -m ml score`: what a checkpoint says of every subject, as Parquet."""

import argparse
from pathlib import Path
from typing import Any

from ml.checkpoint import Checkpoint
from ml.commands.roles import role_named
from ml.commands.run import command


def add(subparsers: Any) -> None:
    """Add the command to an argparse parser's subparsers."""
    parser = command(subparsers, "score", "give every subject of a manifest its probabilities", run)
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--data", type=Path, required=True, help="manifest; labels are not needed")
    parser.add_argument(
        "--out", type=Path, required=True, help="Parquet file; of stamps and tracklets a row each, with every class"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Ask the checkpoint, by its role."""
    checkpoint = Checkpoint.load(args.checkpoint)
    return role_named(checkpoint.manifest["role"]).score(args, checkpoint)
