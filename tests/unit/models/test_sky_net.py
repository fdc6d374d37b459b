"""The sky backbone: any channels, any size, and weights that are what the model card says."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ml.data.preprocessing import SKY_UNITS
from ml.imaging.annulus import width
from ml.inference.feature_extractor import Backbone, default_backbone, feature_key, restored
from ml.models import sky_net
from ml.models.input_adapters import widened
from ml.models.sky_net import SKY, DamagedWeights, SkyNet, middle_mean, random_sky_net, sky_network
from ml.models.stamp import backbone

MOST_BYTES = 5_000_000


@pytest.fixture(scope="module")
def network():
    """The packaged network, with annulus photometry."""
    return default_backbone(SKY, device="cpu", engine="torch")


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("side", [20, 33, 63, 128])
def test_stamps_of_any_channels_and_size_have_features(network, channels, side):
    stamps = np.random.default_rng(0).normal(100, 5, (2, 1, channels, side, side)).astype(np.float32)
    features = network.features(stamps)
    assert features.shape == (2, 1, SkyNet().num_features + width(channels))
    assert np.isfinite(features).all()


def test_features_do_not_depend_on_level_and_scale(network):
    stamps = np.random.default_rng(1).normal(0, 1, (2, 1, 1, 63, 63))
    np.testing.assert_allclose(network.features(stamps), network.features(700 + 30 * stamps), atol=0.02)


def test_missing_pixels_are_sky(network):
    stamps = np.random.default_rng(2).normal(0, 1, (1, 1, 1, 64, 64))
    stamps[..., :9] = np.nan
    assert np.isfinite(network.features(stamps)).all()


def test_both_engines_agree():
    stamps = np.random.default_rng(3).normal(0, 1, (4, 1, 3, 63, 63)).astype(np.float32)
    net = random_sky_net(2)
    ours, torchs = (Backbone(net, SKY_UNITS, device="cpu", engine=name).unrounded(stamps) for name in ("auto", "torch"))
    np.testing.assert_allclose(ours, torchs, atol=1e-3)


def test_the_packaged_weights_are_small():
    assert sky_net.FILE.stat().st_size <= MOST_BYTES


def test_damaged_weights_are_refused(tmp_path, monkeypatch):
    content = bytearray(sky_net.FILE.read_bytes())
    content[-1] ^= 1
    damaged = tmp_path / "sky.safetensors"
    damaged.write_bytes(content)
    monkeypatch.setattr(sky_net, "FILE", damaged)
    with pytest.raises(DamagedWeights, match="SHA-256"):
        sky_network()


def test_other_weights_in_the_folder_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDERERS_WEIGHTS", str(tmp_path))
    assert sky_network().num_features == SkyNet().num_features  # the folder has none
    for tensors in ({"stem.weight": torch.zeros(64, 3, 5, 5)}, {"other": torch.zeros(2)}):
        save_file(tensors, tmp_path / sky_net.NAME)
        with pytest.raises(DamagedWeights, match="no weights of a sky backbone"):
            sky_network()
    (tmp_path / sky_net.NAME).write_bytes(b"no tensors")
    with pytest.raises(DamagedWeights, match="no weights of a sky backbone"):
        sky_network()


def test_a_checkpoint_of_a_larger_network_is_restored():
    four = widened(random_sky_net(3, scale=2), 4)
    for preprocessing, network in (
        (SKY_UNITS, random_sky_net(3, scale=2)),
        (replace(SKY_UNITS, channels=4), four),
    ):
        again = restored(SKY, preprocessing, network.state_dict())
        assert feature_key(again, preprocessing) == feature_key(network, preprocessing)


def test_the_mean_is_about_the_middle():
    maps = torch.zeros(1, 2, 8, 8)
    maps[0, 0, 3:5, 3:5], maps[0, 1, 0, 0] = 1, 1
    middle, corner = middle_mean(maps, 64, 64)[0]
    assert middle > 0.2
    assert corner < 1e-3
    assert torch.allclose(middle_mean(torch.ones(1, 1, 4, 5), 32, 40), torch.ones(1, 1))


@pytest.mark.parametrize(("architecture", "init"), [("sky", "imagenet"), ("resnet18", "sky")])
def test_weights_of_another_architecture_are_refused(architecture, init):
    with pytest.raises(ValueError, match="There are no"):
        backbone(architecture, init, 3, 0)


def test_random_weights_depend_on_the_seed():
    first, again, other = (random_sky_net(seed).state_dict()["stem.weight"] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
