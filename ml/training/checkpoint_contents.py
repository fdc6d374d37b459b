"""The contents of a classifier's checkpoint: its tensors and its manifest."""

from dataclasses import replace
from typing import Any

from torch import Tensor

from ml.data.dataset import Examples
from ml.data.held_out import TRAIN_ONLY
from ml.inference.checkpoint import Checkpoint, origin
from ml.inference.feature_extractor import Backbone, architecture_of, frozen_tensors
from ml.training.head_training import Heads


def backbone_tensors(network: Backbone, base: Checkpoint | None, *, frozen: bool, packaged: bool) -> dict[str, Tensor]:
    """Return the network's tensors; none for a frozen packaged network."""
    known = packaged if base is None else frozen and not base.part("backbone.")
    return {} if known else frozen_tensors(network.network)


def head_tensors(heads: Heads) -> dict[str, Tensor]:
    """Return the heads' tensors for a checkpoint."""
    tensors = {"stamp.weight": heads.stamp.weight, "stamp.bias": heads.stamp.bias}
    net = {} if heads.tracklet is None else heads.tracklet.net.state_dict()
    return tensors | {f"tracklet.{name}": value for name, value in net.items()}


def continued(examples: Examples, base: Checkpoint | None) -> Examples:
    """Return the examples for a network that continues from another one, whose train-only groups are not held out."""
    return examples if base is None else replace(examples, train_only=tuple(base.manifest.get(TRAIN_ONLY, ())))


def classifier_manifest(
    role: str,
    examples: Examples,
    start: Backbone,
    heads: Heads,
    *,
    preset: str,
    init: str,
    base: Checkpoint | None,
    seed: int,
) -> dict[str, Any]:
    """Return the manifest common to all checkpoints."""
    return {
        "role": role,
        "classes": list(examples.classes),
        "positive": list(examples.positive),
        "architecture": architecture_of(start),
        "init": init if base is None else base.manifest.get("sha256", "base"),
        "preset": preset,
        "preprocessing": start.preprocessing.as_manifest(),
        "feature_key": start.feature_key,
        **({} if heads.compute is None else {"compute": heads.compute.as_manifest()}),
        "training_set": examples.training_set,
        TRAIN_ONLY: list(examples.train_only_next()),
        "examples": len(examples),
        **({"unlabelled": heads.unlabelled} if heads.unlabelled else {}),
        "notes": list(dict.fromkeys(examples.notes)),
        "seed": seed,
        "metrics": heads.metrics,
        **({} if heads.tracklet is None else heads.tracklet.as_manifest()),
        **origin(),
    }
