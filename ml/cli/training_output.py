"""What training prints: every epoch's metrics, and the saved checkpoint at the end."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from ml.cli.subject_slabs import Tally
from ml.inference.checkpoint import Checkpoint
from ml.training.callbacks import Epoch


def print_epoch(epoch: Epoch) -> None:
    """Write the metrics of one epoch to stderr."""
    figures = " ".join(f"{name} {value:.4f}" for name, value in epoch.metrics.items())
    sys.stderr.write(
        f"epoch {epoch.epoch}/{epoch.epochs} loss {epoch.loss:.4f} val_loss {epoch.val_loss:.4f} {figures}\n"
    )


def saved(
    args: argparse.Namespace, checkpoint: Checkpoint, tally: Tally, keys: Sequence[str], notes: Sequence[str] = ()
) -> dict[str, Any]:
    """Save the checkpoint as `args.out`, and return what is printed of it: `keys` are those of its manifest."""
    digest = checkpoint.save(args.out)
    for note in notes:
        sys.stderr.write(f"note: {note}\n")
    return {
        "checkpoint": str(args.out),
        "sha256": digest,
        "skipped": tally.skipped,
        **{key: checkpoint.manifest[key] for key in keys},
        "compute": checkpoint.manifest.get("compute"),
        "notes": checkpoint.manifest.get("notes", []),
        **checkpoint.manifest["metrics"],
    }
