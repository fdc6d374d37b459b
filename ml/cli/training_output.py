"""What training prints: every epoch's metrics, and the saved checkpoint at the end."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from ml.cli.subject_slabs import Tally
from ml.inference.checkpoint import Checkpoint
from ml.training.callbacks import Epoch
from ml.training.training_state import StateFile


def print_epoch(epoch: Epoch) -> None:
    """Write the metrics of one epoch to stderr."""
    figures = " ".join(f"{name} {value:.4f}" for name, value in epoch.metrics.items())
    sys.stderr.write(
        f"epoch {epoch.epoch}/{epoch.epochs} loss {epoch.loss:.4f} val_loss {epoch.val_loss:.4f} {figures}\n"
    )


def state_file(args: argparse.Namespace) -> StateFile:
    """Return the file beside `args.out` from which the same command resumes after an interruption."""
    return StateFile(args.out.with_name(f"{args.out.name}.unfinished.safetensors"), _print_resumption)


def _print_resumption(epoch: int) -> None:
    sys.stderr.write(f"resumed at epoch {epoch}\n")


def saved(
    args: argparse.Namespace, checkpoint: Checkpoint, tally: Tally, keys: Sequence[str], notes: Sequence[str] = ()
) -> dict[str, Any]:
    """Save the checkpoint as `args.out`, and return what is printed of it: `keys` are those of its manifest."""
    digest = checkpoint.save(args.out)
    state_file(args).delete()
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
