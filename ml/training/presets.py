"""Training presets of stamp classifiers: architecture, frozen or fine-tuned, preprocessing, schedule."""

from dataclasses import dataclass, replace

import numpy as np

from ml.data.dataset import NO_PIXELS, BadExamples, Examples
from ml.data.preprocessing import FROZEN, SKY_FROZEN, SKY_UNITS, Preprocessing, native_size
from ml.inference.feature_extractor import Backbone
from ml.models.sky_net import SKY
from ml.models.stamp import PRETRAINED, RESIDUAL, backbone
from ml.models.weights import ARCHITECTURE
from ml.training.fixmatch import matched
from ml.training.schedule import FRESH, SKY_TRANSFER, SMALL, SMALL_AGAIN, SMALL_SEVERAL, TRANSFER, Schedule

FIXMATCH = "fixmatch"
PRESETS = ("head", "finetune", FIXMATCH, "small")


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
    schedule: Schedule = TRANSFER
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


@dataclass(frozen=True)
class Family:
    """How networks of one kind see stamps and are trained: on a CPU, a GPU, the command line and the site alike.

    Parameters
    ----------
    preprocessing
        Before a network that is trained.
    fresh, pretrained
        The schedules from random weights; and from ImageNet, the sky backbone, or a checkpoint.
    frozen
        Preprocessing of features as they are.
    """

    preprocessing: Preprocessing
    fresh: Schedule
    pretrained: Schedule
    frozen: Preprocessing


RESIDUAL_SEVERAL = "residual, several channels"
TIMM = "timm"
FAMILIES = {
    RESIDUAL: Family(native_size(1), SMALL, SMALL_AGAIN, native_size(1)),
    RESIDUAL_SEVERAL: Family(native_size(3), SMALL_SEVERAL, SMALL_AGAIN, native_size(3)),
    SKY: Family(SKY_UNITS, FRESH, SKY_TRANSFER, SKY_FROZEN),
    TIMM: Family(FROZEN, FRESH, TRANSFER, FROZEN),
}


@dataclass(frozen=True)
class Paper:
    """An architecture as used in its paper: side in pixels, and whether only its last layer was trained."""

    architecture: str
    size: int
    freeze: bool


PAPERS = {
    "mobilenetv1_100": Paper("mobilenetv1_100", 224, freeze=True),
    "inception_v4": Paper("inception_v4", 299, freeze=True),
    "nasnetalarge": Paper("nasnetalarge", 331, freeze=True),
    "resnet18": Paper("resnet18", 100, freeze=False),
}
"""Lieu et al. 2019, table 1, on bottlenecks; Rabeendran & Denneau 2021, section 3.2.1, fine-tuned on 100 pixels."""


def preset_recipe(
    preset: str,
    init: str,
    channels: int,
    *,
    start: str | None = None,
    architecture: str | None = None,
    freeze: bool = False,
) -> Recipe:
    """Resolve a preset: the one recipe of the command line, the site and the benchmarks.

    Parameters
    ----------
    preset
        One of `PRESETS` or `PAPERS`.
    init
        "imagenet", "sky", "random" (frozen) or "scratch"; unused with a `start`.
    channels
        Of the stamps; 0 if there are none, only stored features.
    start
        The architecture of the checkpoint to start from, which overrides `init` and the preset's own.
    architecture, freeze
        Another architecture than the preset's; train only the last layer, whatever the preset.

    Raises
    ------
    BadExamples
        If the preset trains on pixels, and there are none; or FixMatch would not continue from a trained network.
    """
    paper = PAPERS.get(preset)
    name = start or architecture or (paper.architecture if paper else _architecture(preset, init))
    frozen = freeze or preset == "head" or init == "random" or (paper is not None and paper.freeze)
    frozen = frozen and (init != "scratch" or start is not None)  # frozen random weights would never be trained
    if not frozen and not channels:
        raise BadExamples(NO_PIXELS)
    family = FAMILIES[_family(name, channels)]
    preprocessing = family.frozen if frozen else family.preprocessing
    if name == RESIDUAL:
        preprocessing = replace(preprocessing, channels=channels)
    if paper:
        preprocessing = replace(preprocessing, size_single=paper.size, size_multi=paper.size)
    is_pretrained = start is not None or (init in PRETRAINED and name != RESIDUAL)
    schedule = family.pretrained if is_pretrained else family.fresh
    if preset == FIXMATCH:
        schedule = _matched(schedule, goes_on=is_pretrained and not frozen)
    return Recipe(preset, name, init, preprocessing, frozen, schedule)


def _matched(schedule: Schedule, *, goes_on: bool) -> Schedule:
    if not goes_on:
        raise BadExamples(
            "FixMatch goes on from a trained network: what an untrained one says of unlabelled stamps is no label."
            " Start from the sky backbone, ImageNet or a checkpoint (--init), and leave out --freeze."
        )
    return matched(schedule)


def _architecture(preset: str, init: str) -> str:
    if preset == "small":
        return RESIDUAL
    return SKY if init == SKY else ARCHITECTURE


def _family(architecture: str, channels: int) -> str:
    if architecture == RESIDUAL:
        return RESIDUAL if channels <= 1 else RESIDUAL_SEVERAL
    return SKY if architecture == SKY else TIMM


def channels_of(examples: Examples) -> int:
    """Return the number of channels of the examples' stamps, 0 without pixels."""
    return 0 if examples.pixels is None else int(np.asarray(examples.pixels[np.arange(1)]).shape[2])


def balanced(examples: Examples) -> Examples:
    """Return the examples with balanced class weights: N / (K n_k) times their own."""
    mass = (examples.targets / examples.targets.sum(1, keepdims=True)) * examples.weights[:, None]
    counts = mass.sum(0)
    factor = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1e-9))
    weights = (mass * factor).sum(1)
    return replace(examples, weights=weights.astype(np.float32))
