"""Test-time augmentation and crops of a stamp: features, heads, and the options that ask for them."""

import dataclasses

import numpy as np
import pytest
import torch

from ml.data.dataset import BadExamples
from ml.data.preprocessing import FROZEN, Preprocessing
from ml.evaluation.metrics.ranking import roc_auc
from ml.imaging.annulus import annulus_photometry, width
from ml.inference.checkpoint import Checkpoint
from ml.inference.feature_extractor import Backbone
from ml.inference.scorer import Scorer
from ml.models.compute import limit_torch
from ml.roles.cross_validation import cross_validate
from ml.training.linear_probe import LinearHead, MultiViewRegression, Regression, averaged_head, split_head
from ml.training.presets import Recipe
from ml.training.schedule import SMALL
from ml.training.train_stamps import train_stamps
from tests.unit.conftest import labelled

TINY = "test_resnet"
AT_32 = dataclasses.replace(FROZEN, size_single=32, tta=8, center_crop=16, annulus_photometry=True)
BOTH = Recipe("head", TINY, "random", AT_32, freeze=True)


@pytest.fixture(autouse=True)
def threads():
    """Limit threads: small products on many threads wait for each other; training does this itself."""
    limit_torch()


class Corners(torch.nn.Module):
    """Features that distinguish every flip and rotation: the corner pixel, and the mean of the top row."""

    num_features = 2

    def forward(self, x):
        return torch.stack([x[:, 0, 0, 0], x[:, 0, 0].mean(-1)], dim=1)


NATIVE = Preprocessing(size_single=None, channels=1)


def test_eight_turns_do_not_depend_on_which_way_is_up(random):
    stamps = random.normal(size=(3, 1, 1, 12, 12)).astype(np.float32)
    backbone = Backbone(Corners(), dataclasses.replace(NATIVE, tta=8), device="cpu", engine="torch")
    seen = backbone.features(stamps)
    assert np.allclose(seen, backbone.features(np.rot90(stamps, axes=(-2, -1))), atol=1e-3)
    ready = NATIVE.stretched(stamps)[:, 0, 0]
    corners = ready[:, [0, 0, -1, -1], [0, -1, 0, -1]].mean(1)
    assert np.allclose(seen[:, 0, 0], corners, atol=1e-3)


def test_the_closer_look_stands_behind_the_first(random):
    stamps = random.normal(size=(3, 2, 1, 12, 12)).astype(np.float32)
    whole = Backbone(Corners(), NATIVE, device="cpu", engine="torch").features(stamps)
    middle = Backbone(Corners(), dataclasses.replace(NATIVE, crop=6), device="cpu", engine="torch").features(stamps)
    center_crop = Backbone(Corners(), dataclasses.replace(NATIVE, center_crop=6), device="cpu", engine="torch")
    assert np.array_equal(center_crop.features(stamps), np.concatenate([whole, middle], axis=-1))
    assert center_crop.features(stamps[:0]).shape == (0, 2, 4)


def test_the_rings_stand_behind_the_looks(random):
    stamps = random.normal(size=(3, 2, 1, 12, 12)).astype(np.float32)
    seen = Backbone(
        Corners(), dataclasses.replace(NATIVE, center_crop=6, annulus_photometry=True), device="cpu", engine="torch"
    )
    features = seen.features(stamps)
    assert np.array_equal(features[:, 1, 4:], annulus_photometry(stamps[:, 1]).astype(np.float16))
    assert seen.parts(features.shape[-1]) == (2, 2, width(1))
    assert seen.features(stamps[:0]).shape == (0, 2, 4 + width(1))


def test_the_head_of_a_narrow_look_is_held_back_less(random):
    x, classes = random.normal(size=(60, 10)).astype(np.float32), random.integers(0, 3, 60)
    parts = [Regression(look, np.eye(3)[classes], np.ones(60)) for look in (x[:, :8], x[:, 8:])]
    narrow = split_head(MultiViewRegression(parts).fit(100), (8, 2))[1]
    assert torch.allclose(narrow.weight, parts[1].fit(25).weight, atol=1e-6)


def test_joined_heads_say_the_mean_of_what_each_says(random):
    x, classes = random.normal(size=(60, 10)).astype(np.float32), random.integers(0, 3, 60)
    targets, weights = np.eye(3)[classes], np.ones(60)
    parts = [Regression(half, targets, weights) for half in (x[:, :5], x[:, 5:])]
    each = [part.fit(10).logits(half) for part, half in zip(parts, (x[:, :5], x[:, 5:]), strict=True)]
    told = []
    made = MultiViewRegression(parts).fit(10, report=lambda loss, head: told.append(head))
    assert torch.allclose(made.logits(x), (each[0] + each[1]) / 2, atol=1e-5)
    assert torch.equal(told[-1].weight, made.weight)
    again = MultiViewRegression(parts).fit(10, start=made)
    assert torch.allclose(again.logits(x), made.logits(x), atol=0.02)


def test_parting_undoes_joining(random):
    head = LinearHead(torch.from_numpy(random.normal(size=(3, 8))), torch.from_numpy(random.normal(size=3)))
    again = averaged_head(split_head(head, (6, 2)))
    assert torch.allclose(again.weight, head.weight)
    assert torch.allclose(again.bias, head.bias)


def test_a_checkpoint_remembers_its_turns_and_looks(kinds, pixels, tmp_path):
    train_stamps(labelled(kinds, pixels=pixels), BOTH).save(tmp_path / "c")
    scorer = Scorer(Checkpoint.load(tmp_path / "c"))
    assert scorer.backbone.preprocessing == AT_32
    p = scorer.probabilities(pixels)
    assert roc_auc(kinds < 2, scorer.p_real(p)) > 0.9
    turned = scorer.probabilities(np.ascontiguousarray(pixels[..., ::-1, :].swapaxes(-1, -2)))
    assert np.allclose(p, turned, atol=0.02)


def test_what_is_unused_leaves_manifests_and_keys_as_they_were():
    assert not {"tta", "center_crop", "annulus_photometry"} & set(FROZEN.as_manifest())
    assert Preprocessing(**AT_32.as_manifest()) == AT_32
    keys = {
        Backbone(Corners(), pre).feature_key
        for pre in (
            FROZEN,
            *(
                dataclasses.replace(FROZEN, **one)
                for one in ({"tta": 8}, {"center_crop": 24}, {"annulus_photometry": True})
            ),
        )
    }
    assert len(keys) == 4


def test_a_whole_network_that_goes_on_from_two_looks_learns_from_one(kinds, pixels):
    examples = labelled(kinds, pixels=pixels)
    base = train_stamps(examples, dataclasses.replace(BOTH, init="scratch"))
    short = dataclasses.replace(SMALL, views=256, rounds=2, probes=True)
    made = train_stamps(examples, Recipe("finetune", TINY, schedule=short), base=base)
    kept = made.manifest["preprocessing"]
    assert kept["tta"] == 8
    assert not {"center_crop", "annulus_photometry"} & set(kept)
    assert Scorer(made).probabilities(pixels[:4]).shape == (4, 4)


def test_cross_validation_by_a_recipe_has_not_seen_what_it_scores(kinds, pixels):
    examples = labelled(kinds, pixels=pixels)
    p = cross_validate(examples, recipe=BOTH, folds=3)
    assert roc_auc(kinds < 2, p) > 0.9
    backbone = BOTH.begin(0)
    known = dataclasses.replace(examples, features=backbone.features(pixels), feature_key=backbone.feature_key)
    known.pixels = None  # so the features at hand are what is read
    assert np.array_equal(cross_validate(known, recipe=BOTH, folds=3), p)
    noise = dataclasses.replace(known, targets=np.random.default_rng(5).permutation(known.targets))
    assert abs(roc_auc(noise.real() > 0.5, cross_validate(noise, recipe=BOTH, folds=3)) - 0.5) < 0.12


def test_features_of_another_backbone_are_not_taken(kinds, features):
    with pytest.raises(BadExamples, match="The stored features are other"):
        train_stamps(dataclasses.replace(labelled(kinds, features=features), feature_key="other"), BOTH)
