"""How a stamp classifier is made: any architecture, frozen or fine-tuned, with or without metadata."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ml import frozen
from ml.backbone import Backbone, frozen_tensors
from ml.checkpoint import Checkpoint
from ml.dataset import BadExamples, Examples
from ml.engine import limit_torch
from ml.epoch import OnEpoch, silent
from ml.frozen import Heads
from ml.judge import Judge
from ml.metadata import learn_metadata, telltales
from ml.models.stamp import RESIDUAL, backbone
from ml.models.weights import ARCHITECTURE
from ml.preprocessing import FROZEN, Preprocessing
from ml.schedule import WHOLE, Schedule
from ml.score import Scorer
from ml.train import head_tensors, manifest_of
from ml.tuned import features_of, train_tuned


@dataclass(frozen=True)
class Recipe:
    """What is trained, from what, and how.

    Parameters
    ----------
    preset
        A name for the manifest.
    architecture
        "residual", or any name that timm knows.
    init
        "imagenet", "random" or "scratch": fresh weights, both. "random" says that they are to stay as they are.
    preprocessing
        Before the network; its `channels` are those of the first layer, 0 maps any number to three.
    freeze
        Only the last layer learns (and the adapter, where there is one); the network's features are computed once.
    schedule
        Of the training, where not all is frozen.
    balanced
        Weigh each class alike, however many examples it has.
    precision
        "auto" lets a trained network be computed in bf16 if it passes `ml.precision.trial`; "f32" does not try.
    """

    preset: str = "finetune"
    architecture: str = ARCHITECTURE
    init: str = "imagenet"
    preprocessing: Preprocessing = FROZEN
    freeze: bool = False
    schedule: Schedule = WHOLE
    balanced: bool = False
    precision: str = "auto"

    def begin(self, seed: int) -> Backbone:
        """Return the network as it is before any training."""
        init = "imagenet" if self.init == "imagenet" and self.architecture != RESIDUAL else "random"
        channels = self.preprocessing.channels or 3
        network = backbone(self.architecture, init, channels, seed, adapter=self.preprocessing.adapter)
        return Backbone(network, self.preprocessing)


def train_stamps(
    examples: Examples,
    recipe: Recipe,
    *,
    base: Checkpoint | None = None,
    seed: int = 0,
    minutes: float | None = None,
    on_epoch: OnEpoch = silent,
) -> Checkpoint:
    """Train a stamp checkpoint by a recipe.

    Parameters
    ----------
    examples
        With pixels (N, F, C, H, W); with `values`, a metadata branch is fitted on the validation part.
    recipe
        What to do.
    base
        A checkpoint whose network and preprocessing to start from, whatever the recipe's.
    seed
        Of splits, weights and order.
    minutes
        A limit for training a network; None leaves it to the schedule.
    on_epoch
        Told after every epoch; raising `Cancelled` in it ends the run.

    Raises
    ------
    BadExamples
        If nothing can be learnt from the examples; the message says why and what to do.
    MissingWeights
        If the ImageNet weights are on none of the known places.
    """
    examples.check()
    limit_torch()
    if examples.values is not None:
        examples.notes.extend(telltales(examples))
    start = Scorer(base).backbone if base is not None else recipe.begin(seed)
    learnt = balanced(examples) if recipe.balanced else examples
    learnt = _with_split(learnt, seed) if examples.values is not None else learnt
    if recipe.freeze and not start.preprocessing.adapter:
        network, heads, scores = _over_frozen(learnt, start, seed, on_epoch)
    else:
        schedule = replace(recipe.schedule, body=0.0, probes=False) if recipe.freeze else recipe.schedule
        network, heads = train_tuned(
            learnt, start, schedule, seed=seed, minutes=minutes, on_epoch=on_epoch, precision=recipe.precision
        )
        scores = None
    tensors = head_tensors(heads)
    if base is not None or not _packaged(recipe):
        tensors |= frozen_tensors(network.network)
    init = "scratch" if recipe.architecture == RESIDUAL else recipe.init
    manifest = manifest_of("stamp", examples, network, heads, preset=recipe.preset, init=init, base=base, seed=seed)
    if examples.values is not None:
        branch, manifest["metrics"] = _branch(learnt, network, heads, scores, seed)
        manifest["metadata"] = list(examples.columns)
        tensors |= {f"metadata.{name}": value for name, value in branch.items()}
    return Checkpoint(manifest, tensors)


def balanced(examples: Examples) -> Examples:
    """Return the examples with weights so that each class weighs alike: N / (K n_k) times their own."""
    mass = (examples.targets / examples.targets.sum(1, keepdims=True)) * examples.weights[:, None]
    counts = mass.sum(0)
    factor = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1e-9))
    weights = (mass * factor).sum(1)
    return replace(examples, weights=weights.astype(np.float32))


def _with_split(examples: Examples, seed: int) -> Examples:
    """Return the examples with their validation part written down, since it is needed twice."""
    held = np.zeros(len(examples), dtype=bool)
    held[examples.split(seed=seed)[1]] = True
    return replace(examples, held=held)


def _packaged(recipe: Recipe) -> bool:
    """Return whether the network stays as every installation has it, so that a checkpoint need not hold it."""
    untouched = recipe.freeze and not recipe.preprocessing.adapter and recipe.preprocessing.channels in {0, 3}
    return untouched and recipe.init == "imagenet" and recipe.architecture == ARCHITECTURE


def _over_frozen(
    examples: Examples, start: Backbone, seed: int, on_epoch: OnEpoch
) -> tuple[Backbone, Heads, Tensor | None]:
    """Fit a head on features that stay as they are; with metadata, the validation part is left to the branch."""
    features = _known_or_made(examples, start)
    looks = start.parts(features.shape[-1])
    if examples.values is None:
        return start, frozen.train_stamp(examples, features, seed=seed, on_epoch=on_epoch, looks=looks), None
    train, validation = examples.split(seed=seed)
    judge, told = Judge(examples, validation), frozen.Told(on_epoch, frozen.HEAD_EPOCHS)
    best = frozen.best_head(examples, features, train, judge, seed=seed, told=told, looks=looks)
    heads = Heads(best.stamp.cooled(best.temperature), None, judge.stamp(best.scores)[1])
    return start, heads, best.scores


def _known_or_made(examples: Examples, start: Backbone) -> NDArray[Any]:
    if examples.features is not None and examples.feature_key == start.feature_key:
        return examples.features
    if examples.pixels is None:
        raise BadExamples("The examples have no pixels: there is nothing to look at.")
    return features_of(examples, np.arange(len(examples)), start)


def _branch(
    examples: Examples, network: Backbone, heads: Heads, scores: Tensor | None, seed: int
) -> tuple[dict[str, Tensor], dict[str, float]]:
    validation = examples.split(seed=seed)[1]
    if scores is None:
        scores = frozen.log_scores(heads.stamp, features_of(examples, validation, network))
    net, figures = learn_metadata(examples, scores, validation, seed)
    return net.state_dict(), {**figures, "accuracy_of_pixels": heads.metrics["accuracy"]}
