"""Calibrated probabilities equal the fraction of mover voxels, and keep their order."""

import numpy as np
import pytest
import torch

from ml.cubes.calibration import calibrate
from ml.cubes.validation import EVERY
from ml.evaluation.metrics import VoxelHistogram
from ml.models.wnet import WNet


def boasted(a, b, n=400_000):
    """Return voxels with logits a · z + b, where z is the calibrated logit."""
    random = np.random.default_rng(0)
    z = random.normal(-2, 2, n)
    real = random.random(n) < 1 / (1 + np.exp(-z))
    seen = VoxelHistogram(EVERY)
    seen.add((1 / (1 + np.exp(-(a * z + b)))).astype(np.float32), np.where(real, 0.0, np.nan))
    return seen


def test_what_was_boasted_is_taken_back():
    network, x = WNet((2, 3), 1, "asinh").eval(), torch.randn(1, 1, 8, 8, 8)
    with torch.no_grad():
        before = network(x)
        scale, shift = calibrate(network, boasted(1.6, 0.8))
        after = network(x)
    assert (scale, shift) == pytest.approx((1 / 1.6, -0.5), abs=0.03)
    assert torch.allclose(after, before * scale + shift, atol=1e-5)


def test_a_network_that_says_what_is_true_stays_as_it_is():
    assert calibrate(WNet((2, 3), 1, "asinh"), boasted(1, 0)) == pytest.approx((1, 0), abs=0.03)


@pytest.mark.parametrize("seen", [boasted(-1, 0), VoxelHistogram(EVERY)], ids=["worse than chance", "nothing"])
def test_nothing_is_learnt_from_nothing(seen):
    network = WNet((2, 3), 1, "asinh")
    before = network.out.weight.clone()
    assert calibrate(network, seen) == (1.0, 0.0)
    assert torch.equal(network.out.weight, before)
