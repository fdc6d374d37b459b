"""Augmentations: any angle, small changes of size and brightness, positions preserved."""

import pytest
import torch

from ml.data.augmentation import AUGMENTS, brightened, rotated


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(3)


def disc(n, side=33, radius=6.0):
    y, x = torch.meshgrid(torch.arange(side) - side // 2, torch.arange(side) - side // 2, indexing="ij")
    return torch.exp(-((x**2 + y**2) / (2 * radius**2))).expand(n, 1, side, side).clone()


@pytest.mark.parametrize("name", sorted(AUGMENTS))
def test_shapes_and_finiteness_stay(name, generator):
    x = torch.randn(7, 3, 20, 31, generator=generator)
    seen = AUGMENTS[name](x, generator, 0.03)
    assert seen.shape == x.shape
    assert torch.isfinite(seen).all()


def test_none_changes_nothing(generator):
    x = torch.randn(4, 1, 9, 9, generator=generator)
    assert torch.equal(AUGMENTS["none"](x, generator, 0.03), x)


def test_what_is_round_stays_round_under_rotation(generator):
    x = disc(50)
    seen = rotated(x, generator, most=0)
    assert float((seen.sum((1, 2, 3)) / x.sum((1, 2, 3)) - 1).abs().max()) < 0.12  # sizes change by 5 % a side
    assert float((seen - x).abs().max()) < 0.12


def test_a_line_reaches_angles_between_the_right_ones(generator):
    x = torch.zeros(200, 1, 33, 33)
    x[:, :, 16] = 1
    upright = rotated(x, generator, most=0)[:, 0, 16 - 12, :].argmax(1)
    assert upright.unique().numel() > 6


def test_oblong_stamps_are_turned_not_sheared(generator):
    """A disc stays round for any aspect ratio of its stamp."""
    x = disc(40, side=41)[:, :, 8:33]
    seen = rotated(x, generator, most=0)[:, 0]
    across, along = (seen.sum(1) > 1).sum(1).float(), (seen.sum(2) > 1).sum(1).float()
    assert float((across / along).mean()) == pytest.approx(
        float((x[:1, 0].sum(1) > 1).sum() / (x[:1, 0].sum(2) > 1).sum()), rel=0.1
    )


def test_light_and_noise_change_by_what_is_said(generator):
    x = torch.full((400, 1, 16, 16), 2.0)
    seen = brightened(x, generator, noise=0.05)
    means, deviations = seen.mean((1, 2, 3)), seen.std((1, 2, 3))
    assert means.min() == pytest.approx(1.8, abs=0.02)
    assert means.max() == pytest.approx(2.2, abs=0.02)
    assert 0.008 < float(deviations.max()) < 0.013


def test_the_same_seed_makes_the_same_stamps():
    x = disc(6)
    first, again = (AUGMENTS["sky"](x, torch.Generator().manual_seed(1), 0.03) for _ in range(2))
    assert torch.equal(first, again)
