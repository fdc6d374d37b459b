"""Train a model: the recipe, top to bottom."""

import datetime
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ml import frozen
from ml.backbone import Backbone, architecture_of, default_backbone, frozen_tensors
from ml.checkpoint import Checkpoint
from ml.dataset import BadExamples, Examples
from ml.engine import limit_torch
from ml.epoch import Cancelled, Epoch, OnEpoch, silent
from ml.models.stamp import RESIDUAL, backbone
from ml.models.weights import ARCHITECTURE
from ml.preprocessing import FROZEN, native
from ml.schedule import SMALL, SMALL_AGAIN, WHOLE, Schedule
from ml.score import Scorer
from ml.tracklets import two_step
from ml.tuned import features_of, train_tuned
from ml.version import code_version

ROLES = ("stamp", "tracklet")
PRESETS = ("head", "finetune", "small")
PRESETS_OF = {"stamp": PRESETS, "tracklet": two_step.PRESETS}
INITS = ("imagenet", "random", "scratch")


def train(
    role: str,
    examples: Examples,
    *,
    preset: str = "head",
    init: str = "imagenet",
    base: Checkpoint | None = None,
    seed: int = 0,
    minutes: float | None = None,
    completeness: float = two_step.COMPLETENESS,
    on_epoch: OnEpoch = silent,
) -> Checkpoint:
    """Train a checkpoint.

    Parameters
    ----------
    role
        "stamp": class scores of each subject. "tracklet": those of the chips, and from all of them real or bogus.
    examples
        What to learn from, with features, pixels or both; the presets other than "head" need pixels.
    preset
        "head": a linear head over a frozen backbone, in seconds. "finetune": the whole backbone. "small": a small
        residual net at native size. For tracklets these say how the chips are learnt; "set" and "paper" are explained
        at `ml.tracklets.two_step.recipe_of`.
    init
        "imagenet", "random" or "scratch" (the same), or the folder of a checkpoint to start from.
    base
        A checkpoint to start from; it outranks `init`.
    seed
        Of splits, weights and order; the same seed on the same machine gives the same model.
    minutes
        A limit for the presets that train a network; None leaves it to early stopping.
    completeness
        Of the tracklet role: the share of real tracklets, 0..1, that the threshold in the manifest is to keep.
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
    if preset not in PRESETS_OF[role]:
        raise ValueError(f"There is no preset called {preset!r}; it is {', '.join(PRESETS_OF[role])}.")
    examples.check()
    limit_torch()
    if base is None and init not in INITS:
        base = Checkpoint.load(init)
    recipe = two_step.recipe_of(preset, init, base, examples, completeness)
    chips = recipe.chips if role == "tracklet" else preset
    start = _start(chips, init, base, examples, seed)
    if role == "tracklet":
        start, heads = _two_steps(examples, recipe, start, base, seed=seed, minutes=minutes, on_epoch=on_epoch)
    elif preset == "head":
        features = _features(examples, start)
        heads = frozen.train_stamp(
            examples, features, seed=seed, on_epoch=on_epoch, looks=start.parts(features.shape[-1])
        )
    else:
        schedule = _schedule(start, base)
        start, heads = train_tuned(examples, start, schedule, seed=seed, minutes=minutes, on_epoch=on_epoch)
    tensors = _backbone_tensors(chips, init, base, start) | head_tensors(heads)
    return Checkpoint(
        manifest_of(role, examples, start, heads, preset=preset, init=init, base=base, seed=seed), tensors
    )


def _two_steps(
    examples: Examples,
    recipe: two_step.Recipe,
    start: Backbone,
    base: Checkpoint | None,
    *,
    seed: int,
    minutes: float | None,
    on_epoch: OnEpoch,
) -> tuple[Backbone, frozen.Heads]:
    chips = two_step.apart(examples)
    if recipe.chips in ("head", two_step.GIVEN):
        chips.examples.features = _features(chips.examples, start)
        head, learnt = two_step.on_features(examples, chips, recipe, base, seed=seed, on_epoch=on_epoch)
    else:
        schedule = _schedule(start, base)
        start, head, learnt = two_step.on_pixels(
            examples, chips, recipe, start, schedule, seed=seed, minutes=minutes, on_epoch=on_epoch
        )
    return start, frozen.Heads(head, learnt, learnt.metrics)


def _start(preset: str, init: str, base: Checkpoint | None, examples: Examples, seed: int) -> Backbone:
    if base is not None:
        return Scorer(base).backbone
    if preset == "small":
        channels = _channels(examples)
        return Backbone(backbone(RESIDUAL, "random", channels, seed), native(channels))
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
    return features_of(examples, np.arange(len(examples)), start)


def _schedule(start: Backbone, base: Checkpoint | None) -> Schedule:
    if architecture_of(start) != RESIDUAL:
        return WHOLE
    return SMALL if base is None else SMALL_AGAIN


def _channels(examples: Examples) -> int:
    if examples.pixels is None:
        raise BadExamples("This preset trains on pixels, and the examples have none. Give pixels, or use preset head.")
    return int(np.asarray(examples.pixels[np.arange(1)]).shape[2])


def _backbone_tensors(preset: str, init: str, base: Checkpoint | None, start: Backbone) -> dict[str, Tensor]:
    """Return the backbone's tensors; none for the packaged one, which every installation has."""
    packaged = init == "imagenet" if base is None else not base.part("backbone.")
    return {} if preset in ("head", two_step.GIVEN) and packaged else frozen_tensors(start.network)


def head_tensors(heads: frozen.Heads) -> dict[str, Tensor]:
    """Return the heads' tensors, as a checkpoint keeps them."""
    tensors = {"stamp.weight": heads.stamp.weight, "stamp.bias": heads.stamp.bias}
    net = {} if heads.tracklet is None else heads.tracklet.net.state_dict()
    return tensors | {f"tracklet.{name}": value for name, value in net.items()}


def manifest_of(
    role: str,
    examples: Examples,
    start: Backbone,
    heads: frozen.Heads,
    *,
    preset: str,
    init: str,
    base: Checkpoint | None,
    seed: int,
) -> dict[str, Any]:
    """Return what every checkpoint's manifest says."""
    return {
        "role": role,
        "classes": list(examples.classes),
        "positive": list(examples.positive),
        "architecture": architecture_of(start),
        "init": init if base is None else base.manifest.get("sha256", "base"),
        "preset": preset,
        "preprocessing": start.preprocessing.as_manifest(),
        "feature_key": start.feature_key,
        **start.precision.as_manifest(),
        "training_set": examples.training_set,
        "examples": len(examples),
        "notes": list(examples.notes),
        "code_version": code_version(),
        "seed": seed,
        "metrics": heads.metrics,
        **({} if heads.tracklet is None else heads.tracklet.as_manifest()),
        "created": datetime.datetime.fromtimestamp(time.time(), datetime.UTC).isoformat(timespec="seconds"),
    }


__all__ = ["BadExamples", "Cancelled", "Epoch", "Examples", "train"]
