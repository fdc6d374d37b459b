"""Training presets of stamp classifiers: architecture, frozen or fine-tuned, preprocessing, schedule."""

from dataclasses import dataclass, replace

import numpy as np

from ml.data.dataset import BadExamples, Examples
from ml.data.preprocessing import FROZEN, SKY_FROZEN, SKY_UNITS, Preprocessing, native_size
from ml.inference.feature_extractor import Backbone, architecture_of
from ml.models.sky_net import SKY
from ml.models.stamp import PRETRAINED, RESIDUAL, backbone
from ml.models.weights import ARCHITECTURE
from ml.training.schedule import SKY_TRANSFER, SMALL, SMALL_AGAIN, WHOLE, Schedule

PRESETS = ("head", "finetune", "small")


@dataclass(frozen=True)
class Recipe:
    """The settings of a training run.

    Parameters
    ----------
    preset
        A name for the manifest.
    architecture
        "residual", "sky", or any name that timm knows.
    init
        "imagenet", "sky", "random" or "scratch": the last two start from random weights, "random" keeps them frozen.
    preprocessing
        Before the network; its `channels` are those of the first layer, 0 maps any number to three.
    freeze
        Train only the last layer (and the adapter, if any); the network's features are computed once.
    schedule
        The training schedule, unless everything is frozen.
    balanced
        Weight classes equally, however many examples they have.
    """

    preset: str = "finetune"
    architecture: str = ARCHITECTURE
    init: str = "imagenet"
    preprocessing: Preprocessing = FROZEN
    freeze: bool = False
    schedule: Schedule = WHOLE
    balanced: bool = False

    def begin(self, seed: int) -> Backbone:
        """Return the network before training."""
        init = self.init if self.init in PRETRAINED and self.architecture != RESIDUAL else "random"
        channels = self.preprocessing.channels or 3
        network = backbone(self.architecture, init, channels, seed, adapter=self.preprocessing.adapter)
        return Backbone(network, self.preprocessing)

    @property
    def packaged(self) -> bool:
        """Return whether the network is the packaged ImageNet one, unchanged: a checkpoint need not contain it."""
        untouched = self.freeze and not self.preprocessing.adapter and self.preprocessing.channels in {0, 3}
        return untouched and self.init == "imagenet" and self.architecture == ARCHITECTURE


def preset_recipe(preset: str, init: str, examples: Examples, start: Backbone | None = None) -> Recipe:
    """Resolve a preset for these examples.

    Parameters
    ----------
    preset, init
        As in `ml.roles.train_role.train`; `init` is no folder here.
    examples
        With pixels, if a network is to be trained.
    start
        The network of a checkpoint to start from, which overrides `init` and the preset's own.
    """
    architecture = _architecture(preset, init) if start is None else architecture_of(start)
    if architecture == SKY:
        frozen = preset == "head"
        return Recipe(preset, SKY, init, SKY_FROZEN if frozen else SKY_UNITS, frozen, SKY_TRANSFER)
    if preset == "head":
        return Recipe(preset, init=init, freeze=True)
    if architecture != RESIDUAL:
        return Recipe(preset, init=init, schedule=WHOLE)
    schedule = SMALL if start is None else SMALL_AGAIN
    return Recipe(preset, RESIDUAL, init, native_size(_channels(examples)), schedule=schedule)


def _architecture(preset: str, init: str) -> str:
    if preset == "small":
        return RESIDUAL
    return SKY if init == SKY else ARCHITECTURE


def _channels(examples: Examples) -> int:
    if examples.pixels is None:
        raise BadExamples(
            "This preset trains on pixels, but the examples have none. Provide pixels, or use --preset head."
        )
    return int(np.asarray(examples.pixels[np.arange(1)]).shape[2])


def balanced(examples: Examples) -> Examples:
    """Return the examples with balanced class weights: N / (K n_k) times their own."""
    mass = (examples.targets / examples.targets.sum(1, keepdims=True)) * examples.weights[:, None]
    counts = mass.sum(0)
    factor = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1e-9))
    weights = (mass * factor).sum(1)
    return replace(examples, weights=weights.astype(np.float32))
