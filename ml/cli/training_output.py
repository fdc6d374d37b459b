"""Output of classifier training: every epoch's metrics, and the saved checkpoint at the end."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from ml.cli.subjects import Tally
from ml.data.dataset import Examples
from ml.inference.checkpoint import Checkpoint
from ml.training.callbacks import Epoch


def tell(epoch: Epoch) -> None:
    """Write the metrics of one epoch to stderr."""
    figures = " ".join(f"{name} {value:.4f}" for name, value in epoch.metrics.items())
    sys.stderr.write(
        f"epoch {epoch.epoch}/{epoch.epochs} loss {epoch.loss:.4f} val_loss {epoch.val_loss:.4f} {figures}\n"
    )


def saved(
    args: argparse.Namespace, checkpoint: Checkpoint, examples: Examples, tally: Tally, said: Sequence[str]
) -> dict[str, Any]:
    """Save the checkpoint as `args.out`, and return its summary: `said` names keys of its manifest."""
    digest = checkpoint.save(args.out)
    for note in examples.notes:
        sys.stderr.write(f"note: {note}\n")
    return {
        "checkpoint": str(args.out),
        "sha256": digest,
        "n": len(examples),
        "skipped": tally.skipped,
        **{key: checkpoint.manifest[key] for key in said},
        "compute": checkpoint.manifest.get("compute"),
        **checkpoint.manifest["metrics"],
    }
