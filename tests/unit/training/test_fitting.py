"""Networks are optimised before inference, with unchanged outputs."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from ml.data.preprocessing import FROZEN
from ml.inference.feature_extractor import default_backbone, prepare
from ml.models.padding import constantly_padded
from ml.models.stamp import resized
from ml.models.weights import random_network


@pytest.mark.parametrize(("height", "width", "size"), [(100, 100, 128), (61, 64, 64), (64, 61, 64), (40, 90, 32)])
def test_resizing_is_bilinear(height, width, size):
    stamps = torch.randn(2, 3, height, width)
    expected = functional.interpolate(stamps, size=(size, size), mode="bilinear", align_corners=False)
    assert torch.allclose(resized(stamps, size), expected, atol=1e-5)


def test_what_has_its_size_stays_as_it_is():
    stamps = torch.randn(2, 1, 64, 64)
    assert resized(stamps, 64) is stamps


@pytest.mark.parametrize("side", [63, 64, 100])
def test_constant_padding_pads_as_timm_does(side):
    network, stamps = random_network("tf_efficientnet_lite0", 3, 0).eval(), torch.randn(2, 3, side, side)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    padded = constantly_padded(network, stamps[:1])
    with torch.inference_mode():
        assert torch.equal(padded(stamps), network(stamps))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_network_without_such_padding_is_left_alone():
    network = torch.nn.Conv2d(1, 1, 3, padding=1)
    assert constantly_padded(network, torch.zeros(1, 1, 8, 8)) is network


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_channels_in_the_first_convolution_are_the_channels_before_it(channels, random):
    backbone = default_backbone(device="cpu", engine="torch")
    stamps = random.normal(50, 4, (3, 1, channels, 60, 60)).astype("float32")
    seen = torch.from_numpy(backbone.preprocessing.stretched(stamps[:, 0]))
    with torch.inference_mode():
        expected = prepare(backbone.network, FROZEN, channels)(seen).numpy()
    assert np.allclose(backbone.unrounded(stamps)[:, 0], expected, rtol=0, atol=1e-5 * np.abs(expected).max())
