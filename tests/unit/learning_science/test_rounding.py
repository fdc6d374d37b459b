"""Rounding weights to bfloat16 must not shift what a network makes of the empty sky."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from ml import engine
from ml.conversion import converted, library
from ml.engine import compile_run, precision_here
from ml.rounding import keep_the_sky

CPU, SHAPE, LEVEL = torch.device("cpu"), (2, 12, 12), 20.0


def seeing(groups):
    """Return a network that lifts the sky to a high level, and then tells small differences by a convolution."""
    torch.manual_seed(4)
    lift, tell = nn.Conv2d(2, 8, 1), nn.Conv2d(8, 16, 3, groups=groups)
    with torch.no_grad():
        lift.weight.fill_(0.5)
        lift.bias.fill_(LEVEL)
        tell.weight -= tell.weight.mean((1, 2, 3), keepdim=True)
        tell.bias.zero_()
    return nn.Sequential(lift, tell).eval()


def rounded(network):
    """Return the network with what bfloat16 leaves of its weights, to be computed in 32 bits."""
    network = copy.deepcopy(network)
    network[1].weight.data = network[1].weight.data.bfloat16().float()
    return network


def in_32_bits(network, stamps, *, corrected=False):
    model = converted(network, SHAPE)
    if corrected:
        keep_the_sky(model, SHAPE)
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    return library().Core().compile_model(model, "CPU", settings)([stamps])[0]


@pytest.mark.parametrize("groups", [1, 2, 8])
def test_biases_are_corrected_by_what_rounding_takes_from_the_sky(groups):
    network, sky = seeing(groups), np.zeros((1, *SHAPE), np.float32)
    exact = in_32_bits(network, sky)
    taken = exact - in_32_bits(rounded(network), sky)
    given = in_32_bits(network, sky, corrected=True) - exact
    assert np.abs(taken).max() > 0.01
    np.testing.assert_allclose(given, taken, atol=1e-4)


def test_a_network_without_convolutions_stays_as_it_is():
    network = nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(SHAPE)), 3)).eval()
    stamps = np.ones((2, *SHAPE), np.float32)
    np.testing.assert_array_equal(in_32_bits(network, stamps, corrected=True), in_32_bits(network, stamps))


class Attentive(nn.Module):
    """A convolution along the channels weighs these, as in networks with channel attention."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(5)
        self.lift, self.weigh = seeing(1)[0], nn.Conv1d(1, 1, 3, padding=1)

    def forward(self, x):
        seen = self.lift(x).mean((2, 3))
        return seen * self.weigh(seen[:, None])[:, 0]


def test_convolutions_along_the_channels_are_corrected_too():
    network, sky = Attentive().eval(), np.zeros((1, *SHAPE), np.float32)
    given = in_32_bits(network, sky, corrected=True) - in_32_bits(network, sky)
    weights = network.weigh.weight.detach()
    expected = LEVEL**2 * float((weights - weights.bfloat16().float()).sum())
    np.testing.assert_allclose(given, expected, atol=1e-3 * abs(expected) + 1e-3)


@pytest.mark.skipif(precision_here("bf16", CPU, "openvino") == "f32", reason="this processor has no bfloat16")
def test_in_sixteen_bits_the_correction_is_made(monkeypatch, random):
    network, stamps = seeing(8), random.normal(0, 0.03, (20, *SHAPE)).astype(np.float32)

    def sky(precision):
        run = compile_run(network, SHAPE, device=CPU, engine="openvino", precision=precision)
        return run(stamps).mean((0, 2, 3))

    exact, corrected = sky("f32"), sky("bf16")
    monkeypatch.setattr(engine, "keep_the_sky", lambda model, shape: None)
    assert np.abs(corrected - exact).max() < np.abs(sky("bf16") - exact).max() / 5
