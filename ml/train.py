"""Train a model: the recipe, top to bottom."""

import datetime
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml import frozen
from ml.backbone import Backbone, default_backbone, frozen_tensors
from ml.checkpoint import Checkpoint
from ml.dataset import BadExamples, Examples
from ml.epoch import Cancelled, Epoch, OnEpoch, silent
from ml.models.stamp import backbone
from ml.models.weights import ARCHITECTURE
from ml.preprocessing import FROZEN
from ml.score import Scorer
from ml.version import code_version

ROLES = ("stamp", "tracklet")
PRESETS = ("head", "finetune", "small")
SLAB = 512  # subjects whose features are computed at a time


def train(
    role: str,
    examples: Examples,
    *,
    preset: str = "head",
    init: str = "imagenet",
    base: Checkpoint | None = None,
    seed: int = 0,
    minutes: float | None = None,
    on_epoch: OnEpoch = silent,
) -> Checkpoint:
    """Train a checkpoint.

    Parameters
    ----------
    role
        "stamp": class scores of each subject. "tracklet": those of the chips, and from four of them real or bogus.
    examples
        What to learn from, with features, pixels or both; the presets other than "head" need pixels.
    preset
        "head": a linear head over a frozen backbone, in seconds. "finetune": the whole backbone. "small": a small
        residual net at native size.
    init
        "imagenet", "random" or "scratch" (the same), or the folder of a checkpoint to start from.
    base
        A checkpoint to start from; it outranks `init`.
    seed
        Of splits, weights and order; the same seed on the same machine gives the same model.
    minutes
        A limit for the presets that train a network; None leaves it to early stopping.
    on_epoch
        Told after every epoch; raising `Cancelled` in it ends the run.

    Raises
    ------
    BadExamples
        If nothing can be learnt from the examples; the message says why and what to do.
    Cancelled
        As `on_epoch` raised it.
    """
    if role not in ROLES:
        raise ValueError(f"There is no role called {role!r}; it is {' or '.join(ROLES)}.")
    examples.check()
    if base is None and init not in {"imagenet", "random", "scratch"}:
        base = Checkpoint.load(init)
    start = _start(init, base, seed)
    features = _features(examples, start)
    teach = frozen.train_tracklet if role == "tracklet" else frozen.train_stamp
    heads = teach(examples, features, seed=seed, on_epoch=on_epoch)
    return _checkpoint(role, examples, start, heads, preset=preset, init=init, base=base, seed=seed)


def _start(init: str, base: Checkpoint | None, seed: int) -> Backbone:
    if base is not None:
        return Scorer(base).backbone
    if init == "imagenet":
        return default_backbone()
    return Backbone(backbone(ARCHITECTURE, "random", 3, seed), FROZEN)


def _features(examples: Examples, start: Backbone) -> NDArray[Any]:
    if examples.features is not None:
        if examples.feature_key and examples.feature_key != start.feature_key:
            raise BadExamples(
                f"The features at hand are {examples.feature_key}, but this model starts from {start.feature_key}."
                " Score the subjects with that backbone first."
            )
        return examples.features
    if examples.pixels is None:
        raise BadExamples("The examples have neither features nor pixels: there is nothing to look at.")
    slabs = [np.arange(first, min(first + SLAB, len(examples))) for first in range(0, len(examples), SLAB)]
    return np.concatenate([start.features(examples.pixels[slab]) for slab in slabs])


def _checkpoint(
    role: str,
    examples: Examples,
    start: Backbone,
    heads: frozen.Heads,
    *,
    preset: str,
    init: str,
    base: Checkpoint | None,
    seed: int,
) -> Checkpoint:
    packaged = base is None and init == "imagenet" and preset == "head"
    inherited = base is not None and preset == "head"
    tensors = {} if packaged else frozen_tensors(start.network)
    if inherited and base is not None:
        tensors = {f"backbone.{name}": value for name, value in base.part("backbone.").items()}
    tensors |= {"stamp.weight": heads.stamp.weight, "stamp.bias": heads.stamp.bias}
    if heads.tracklet is not None:
        tensors |= {f"tracklet.{name}": value.detach() for name, value in heads.tracklet.state_dict().items()}
    manifest = {
        "role": role,
        "classes": list(examples.classes),
        "positive": list(examples.positive),
        "architecture": ARCHITECTURE if base is None else base.manifest["architecture"],
        "init": init if base is None else base.manifest.get("sha256", "base"),
        "preset": preset,
        "preprocessing": start.preprocessing.as_manifest(),
        "feature_key": start.feature_key,
        "training_set": examples.training_set,
        "examples": len(examples),
        "notes": list(examples.notes),
        "code_version": code_version(),
        "seed": seed,
        "metrics": heads.metrics,
        "created": datetime.datetime.fromtimestamp(time.time(), datetime.UTC).isoformat(timespec="seconds"),
    }
    return Checkpoint(manifest, tensors)


__all__ = ["BadExamples", "Cancelled", "Epoch", "Examples", "train"]
