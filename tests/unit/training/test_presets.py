"""One recipe for each preset: the command line's, unless an option changes a single value, is the site's."""

import argparse

import pytest

from ml.__main__ import main
from ml.cli import train_command
from ml.cli.stamp_options import recipe_from_options
from ml.data.dataset import BadExamples
from ml.models.sky_net import SKY
from ml.models.stamp import RESIDUAL
from ml.training.presets import FIXMATCH, PRESETS, preset_recipe

COMMAND = ["train", "--role", "stamp", "--data", "M.csv", "--out", "C"]


@pytest.fixture
def options(monkeypatch):
    """Return a function that parses the options of `train`."""
    parsed = []
    monkeypatch.setattr(train_command, "run", lambda args: parsed.append(args) or {})

    def parse(*words) -> argparse.Namespace:
        assert main([*COMMAND, *words]) == 0
        return parsed[-1]

    return parse


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("init", ["imagenet", SKY, "random", "scratch"])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_command_line_trains_as_the_site_does(options, preset, init, channels):
    words = options("--preset", preset, "--init", init)
    if preset == FIXMATCH and init in {"random", "scratch"}:
        with pytest.raises(BadExamples, match="goes on from a trained network"):
            recipe_from_options(words, channels, 500, start=None)
        return
    assert recipe_from_options(words, channels, 500, start=None) == preset_recipe(preset, init, channels)


@pytest.mark.parametrize("start", [RESIDUAL, SKY, "tf_efficientnet_lite0"])
def test_it_goes_on_from_a_checkpoint_as_the_site_does(options, start):
    asked = recipe_from_options(options("--preset", "finetune", "--init", "folder"), 1, 500, start=start)
    expected = preset_recipe("finetune", "folder", 1, start=start)
    assert asked == expected
    assert expected.architecture == start
    assert expected.schedule.probes


def test_an_option_changes_one_value(options):
    usual = preset_recipe("small", "imagenet", 1)
    changed = recipe_from_options(options("--preset", "small", "--epochs", "2", "--tta", "1"), 1, 500, start=None)
    assert (changed.schedule.repeats, changed.preprocessing.tta) == (2, 1)
    assert (changed.schedule.rate, changed.schedule.ema) == (usual.schedule.rate, usual.schedule.ema)
    assert changed.preprocessing.crop == usual.preprocessing.crop


def test_a_preset_that_trains_a_network_needs_pixels():
    assert preset_recipe("head", "imagenet", 0).freeze
    with pytest.raises(BadExamples, match="trains on pixels"):
        preset_recipe("finetune", "imagenet", 0)
