"""The W-Net, its Adaptive Normalisation and its loss, against independent formulas."""

import numpy as np
import pytest
import torch
from scipy.special import expit, softmax

from ml.cubes.losses import cross_entropy, dice_loss
from ml.models.wnet import AdaptiveNormalisation, AsinhNormalisation, WNet, normalisation, parameters_of


def small(stretch="adaptive"):
    torch.manual_seed(0)
    return WNet((2, 3, 4), 1, stretch).eval()


def test_a_logit_for_every_voxel():
    assert small()(torch.zeros(2, 1, 8, 12, 16)).shape == (2, 1, 8, 12, 16)


def test_sides_that_cannot_be_halved_are_refused():
    with pytest.raises(ValueError, match="must be multiples of 4"):
        small()(torch.zeros(1, 1, 8, 8, 10))


@pytest.mark.parametrize("level", [0, 1, 2])
def test_the_second_net_sees_every_level_of_the_first(level):
    """Zeroing one map of the first decoder changes the second net's output."""
    network, cube = small(), torch.randn(1, 1, 8, 8, 8)
    seen = []

    def silence(module, arguments):
        x, beside = arguments
        seen.append([tuple(each.shape[1:]) for each in beside])
        return x, [torch.zeros_like(each) if number == level else each for number, each in enumerate(beside)]

    before = network(cube)
    hook = network.second_down.register_forward_pre_hook(silence)
    after = network(cube)
    hook.remove()
    assert seen == [[(2, 8, 8, 8), (3, 4, 4, 4), (4, 2, 2, 2)]]
    assert not torch.allclose(before, after)


def test_every_weight_learns():
    network = small().train()
    (network(torch.randn(2, 1, 8, 8, 8)).sigmoid().sum() + network.variance_loss()).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())
    assert parameters_of(network) == sum(p.numel() for p in network.parameters()) > 1000


def test_adaptive_normalisation_is_a_mixture_of_logistic_distributions():
    stretch = AdaptiveNormalisation()
    with torch.no_grad():
        for parameter in stretch.parameters():
            parameter.copy_(torch.randn(10, generator=torch.Generator().manual_seed(3)))
    x = np.linspace(-20, 20, 41)
    location, scale, weight = (p.detach().double().numpy() for p in (stretch.location, stretch.scale, stretch.weight))
    mixture = sum(
        w * expit((x - mu) / s) for w, mu, s in zip(softmax(weight), location, np.log1p(np.exp(scale)), strict=True)
    )
    with torch.no_grad():
        ours = stretch(torch.from_numpy(x).float()).numpy()
        spread = float(stretch.variance_loss())
    np.testing.assert_allclose(ours, mixture, atol=1e-5)
    assert spread == pytest.approx(1 - expit(np.var(location)), abs=1e-6)


def test_adaptive_normalisation_rises_from_nought_to_one():
    with torch.no_grad():
        rising = AdaptiveNormalisation()(torch.linspace(-30, 40, 500, dtype=torch.float64))
    assert (rising.diff() > 0).all()
    assert rising[0] < 0.01
    assert rising[-1] > 0.99


def test_the_fixed_stretches():
    x = torch.tensor([-4.0, 0.0, 0.3, 300.0])
    assert torch.equal(normalisation("raw")(x), x)
    np.testing.assert_allclose(AsinhNormalisation()(x).numpy(), np.arcsinh(x.numpy() / 3) / 3, rtol=1e-5)
    assert small("asinh").variance_loss() == 0
    with pytest.raises(ValueError, match="no normalisation 'zscale'; it is adaptive, asinh, raw"):
        normalisation("zscale")


def test_dice_of_a_batch():
    p, truth = torch.tensor([0.9, 0.2, 0.6, 0.0]), torch.tensor([1.0, 0.0, 1.0, 1.0])
    every, some = torch.ones(4), torch.tensor([1.0, 1.0, 0.0, 1.0])
    assert dice_loss(p, truth, every).item() == pytest.approx(1 - 2 * 1.5 / (1.7 + 3))
    assert dice_loss(p, truth, some).item() == pytest.approx(1 - 2 * 0.9 / (1.1 + 2))
    assert dice_loss(truth, truth, every).item() == 0


def test_an_empty_mask_teaches_nothing():
    p = torch.tensor([0.3, 0.0], requires_grad=True)
    loss = dice_loss(p, torch.zeros(2), torch.ones(2))
    loss.backward()
    assert loss.item() == 1
    assert (p.grad == 0).all()
    assert dice_loss(torch.zeros(2), torch.zeros(2), torch.ones(2)).item() == 1


def test_cross_entropy_leaves_out_what_was_not_measured():
    logits, truth = torch.tensor([2.0, -1.0, 50.0]), torch.tensor([1.0, 0.0, 0.0])
    expected = -(np.log(expit(2.0)) + np.log(1 - expit(-1.0))) / 2
    measured = torch.tensor([1.0, 1.0, 0.0])
    assert cross_entropy(logits, truth, measured).item() == pytest.approx(expected, rel=1e-5)
