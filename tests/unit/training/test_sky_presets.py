"""Training that starts from the sky backbone: presets, and a checkpoint that contains the network."""

from argparse import Namespace

import numpy as np
import pytest

from ml.cli.stamp_options import chosen_preset, initial_weights
from ml.data.dataset import Examples
from ml.data.preprocessing import SKY_FROZEN, SKY_UNITS
from ml.inference.checkpoint import Checkpoint
from ml.inference.scorer import Scorer
from ml.models.sky_net import SKY
from ml.roles.train_role import train
from ml.training.presets import preset_recipe

N = 60


@pytest.fixture(scope="module")
def examples():
    """Stamps of noise, every other one with a source in the middle."""
    rng, real = np.random.default_rng(0), np.arange(N) % 2 == 1
    pixels = rng.normal(0, 1, (N, 1, 1, 40, 40)).astype(np.float32)
    pixels[real, :, :, 18:22, 18:22] += 8
    targets = np.stack([~real, real], axis=1).astype(np.float32)
    groups = np.arange(N).astype(str)
    return Examples(targets, np.ones(N, np.float32), groups, ("bogus", "real"), ("real",), pixels=pixels)


@pytest.mark.parametrize(("preset", "architecture"), [("head", SKY), ("finetune", SKY), ("small", "residual")])
def test_a_preset_has_its_network(preset, architecture):
    recipe = preset_recipe(preset, SKY, 1)
    assert recipe.architecture == architecture
    assert recipe.freeze == (preset == "head")
    if architecture == SKY:
        assert recipe.preprocessing == (SKY_FROZEN if recipe.freeze else SKY_UNITS)


def test_a_champion_on_the_sky_backbone_is_fine_tuned_as_one():
    assert preset_recipe("finetune", "imagenet", 1, start=SKY).schedule == preset_recipe("finetune", SKY, 1).schedule


@pytest.mark.parametrize(("n", "preset"), [(999, "head"), (1000, "finetune")])
def test_auto_fine_tunes_with_enough_labels(n, preset):
    assert chosen_preset("auto", n, base=False, init=SKY, architecture=None) == preset


@pytest.mark.parametrize(
    ("preset", "architecture", "n", "init"),
    [
        ("auto", None, 999, SKY),
        ("auto", None, 1000, "imagenet"),  # unused: the residual net is trained from scratch
        ("head", None, 5000, SKY),
        ("head", "resnet18", 50, "imagenet"),
        ("finetune", SKY, 5000, SKY),
        ("finetune", None, 5000, SKY),
        ("fixmatch", None, 50, SKY),
        ("finetune", "resnet18", 5000, "imagenet"),
    ],
)
def test_heads_and_fine_tuning_start_from_the_sky_backbone_by_themselves(preset, architecture, n, init):
    args = Namespace(init="auto", preset=preset, architecture=architecture)
    assert initial_weights(args, n) == init


def test_an_explicit_start_is_obeyed():
    assert initial_weights(Namespace(init="imagenet", preset="head", architecture=None), 50) == "imagenet"


def test_a_checkpoint_contains_its_network(examples, tmp_path):
    trained = train("stamp", examples, preset="head", init=SKY)
    trained.save(tmp_path / "model")
    restored = Scorer(Checkpoint.load(tmp_path / "model"))
    assert trained.part("backbone.")
    p = restored.probabilities(examples.pixels)
    np.testing.assert_allclose(p, Scorer(trained).probabilities(examples.pixels), atol=1e-5)
    assert (p.argmax(1) == examples.targets.argmax(1)).mean() > 0.95
