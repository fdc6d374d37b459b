"""Preprocessing: the stretch, the crop, the channels."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ml.data.preprocessing import FROZEN, Preprocessing, middle, native_size, tta_views
from ml.inference.feature_extractor import Backbone
from ml.models.stamp import RESIDUAL, backbone, three_channels


def test_the_stretch_does_not_depend_on_the_flux_scale(random):
    stamps = random.normal(0, 1, (3, 1, 50, 50))
    assert np.allclose(FROZEN.stretched(stamps), FROZEN.stretched(700 + 20 * stamps), atol=1e-5)


def test_sky_is_nought_and_holes_are_sky(random):
    stamps = random.normal(10, 1, (1, 1, 60, 60))
    stamps[..., :2, :] = np.nan
    seen = FROZEN.stretched(stamps)
    assert abs(np.median(seen)) < FROZEN.gain * 0.1
    assert not seen[..., :2, :].any()


def test_a_sentinel_leaves_a_stamp_of_sky_and_no_warning():
    stamps = np.full((1, 1, 40, 40), 3.4028235e38, dtype=np.float32)
    stamps[..., :5, :] = -100
    assert np.isfinite(FROZEN.stretched(stamps)).all()


def test_values_are_clipped(random):
    stamps = random.normal(0, 1, (1, 1, 40, 40))
    stamps[..., 20, 20] = 1e6
    assert FROZEN.stretched(stamps).max() == pytest.approx(FROZEN.clip)


@pytest.mark.parametrize(("shape", "left"), [((7, 9), (4, 4)), ((3, 9), (3, 4)), ((2, 2), (2, 2))])
def test_the_middle(shape, left):
    assert middle(np.zeros((1, *shape)), 4).shape[1:] == left


def test_the_middle_holds_the_centre():
    stamp = np.zeros((100, 100))
    stamp[50, 50] = 1
    assert middle(stamp, 64)[32, 32] == 1


def test_the_small_net_refuses_other_channels():
    with pytest.raises(ValueError, match=r"reads stamps of 1 channel\(s\), but these have 3"):
        native_size(1).stretched(np.zeros((2, 3, 40, 40)))


def test_channels_become_three():
    x = torch.arange(4.0).reshape(1, 4, 1, 1)
    seen = {n: three_channels(x[:, :n])[0, :, 0, 0].tolist() for n in range(1, 5)}
    assert seen == {1: [0, 0, 0], 2: [0, 1, 0.5], 3: [0, 1, 2], 4: [0, 1, 2.5]}


def test_a_manifest_restores_it():
    assert Preprocessing(**native_size(2).as_manifest()) == native_size(2)


def test_the_eight_ways_of_a_stamp_are_distinct_and_begin_with_itself():
    stamp = np.arange(12.0).reshape(1, 3, 4)[..., :3]
    ways = list(tta_views(stamp, 8))
    np.testing.assert_array_equal(ways[0], stamp)
    assert len({way.tobytes() for way in ways}) == 8
    assert {way.sum() for way in ways} == {stamp.sum()}


def test_a_network_that_averages_over_all_ways_sees_no_up():
    network = backbone(RESIDUAL, "random", 1, 0)
    stamps = np.random.default_rng(0).normal(size=(3, 1, 1, 40, 40)).astype(np.float32)
    once, averaging = (Backbone(network, replace(native_size(1), tta=tta)) for tta in (1, 8))

    def most_apart(net):
        seen = net.features(stamps).astype(float)
        return max(np.abs(net.features(way).astype(float) - seen).max() for way in tta_views(stamps, 8))

    assert most_apart(averaging) < most_apart(once) / 5
    assert once.feature_key != averaging.feature_key


def test_checkpoints_of_before_keep_their_keys():
    assert "tta" not in replace(native_size(1), tta=1).as_manifest()
    assert Preprocessing(**native_size(1).as_manifest()).tta == 8
