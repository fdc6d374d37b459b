"""Random views of simulated stamps: what the labels say must be what the pixels show."""

import numpy as np
import pytest
import torch

from ml.data.preprocessing import SKY_UNITS
from ml.simulate.labelled_stamps import KINDS, SIZE, LabelledStamps
from ml.simulate.rendering.light import trail
from ml.training import pretraining_views
from ml.training.pretraining_views import Labels, Portion, batch, difference_alone

N = 40


@pytest.fixture(scope="module")
def trails():
    """Noiseless trails with their labels."""
    rng = np.random.default_rng(3)
    x, y = rng.uniform(-2, 2, (2, N))
    length, angle = rng.uniform(12, 20, N), rng.uniform(0, np.pi, N)
    middle = (SIZE - 1) / 2
    pixels = 1e4 * trail(x + middle, y + middle, length, angle, np.full(N, 3.0), SIZE)[:, None]
    return LabelledStamps.of(pixels, ["TRAIL"] * N, np.ones(N), length=length, angle=angle, x=x, y=y)


def measured(pixels):
    """Return offset (x, y) and direction (cos 2θ, sin 2θ) from the moments of the light."""
    side = pixels.shape[-1]
    at = np.arange(side) - (side - 1) / 2
    light = np.clip(pixels, 0, None)
    light = np.where(light > 0.02 * light.max(), light, 0)
    total = light.sum()
    x, y = (light * at).sum() / total, (light * at[:, None]).sum() / total
    dx, dy = at - x, (at - y)[:, None]
    xx, yy, xy = (light * dx**2).sum(), (light * dy**2).sum(), (light * dx * dy).sum()
    double = np.arctan2(2 * xy, xx - yy)
    return x, y, np.cos(double), np.sin(double)


@pytest.mark.parametrize("way", ["_turned", "_cut"])
def test_labels_follow_the_pixels(trails, way):
    random = torch.Generator().manual_seed(5)
    rows = np.arange(N)
    flipped = pretraining_views._flipped(
        pretraining_views._chosen(trails, rows, (0,)), pretraining_views._labels(trails, rows), random
    )
    pixels, labels = getattr(pretraining_views, way)(*flipped, 64, random)
    for image, line, place in zip(pixels[:, 0].numpy(), labels.line.numpy(), labels.place.numpy(), strict=True):
        x, y, cos, sin = measured(image)
        np.testing.assert_allclose((x, y), place, atol=0.15)
        np.testing.assert_allclose((cos, sin), line[1:], atol=0.1)


def test_a_zoom_is_in_the_length(trails):
    rows = np.arange(N)
    given = pretraining_views._labels(trails, rows)
    _, labels = pretraining_views._turned(
        pretraining_views._chosen(trails, rows, (0,)), given, 64, torch.Generator().manual_seed(0)
    )
    ratio = (labels.line[:, 0] / given.line[:, 0]).numpy()
    low, high = pretraining_views.ZOOM
    assert low <= ratio.min() < 1 < ratio.max() <= high


def test_a_batch_depends_on_the_seed_alone(trails):
    pool, portions = {"ground": trails}, [Portion("ground", (0,), 6)]
    first, again, other = (batch(pool, SKY_UNITS, [seed, 7], portions)[0] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert first.shape[:2] == (6, 3)
    assert first.shape != other.shape or not torch.equal(first, other)


def test_the_difference_alone_tells_no_mover_from_a_variable_star():
    kinds = torch.eye(len(KINDS))[[KINDS.index(name) for name in ("POINT", "STAR", "TRANSIENT", "DIPOLE")]]
    real = torch.tensor([1.0, 0.0, 0.0, 0.0])
    seen = difference_alone(Labels(kinds, real, torch.zeros(4, 3), torch.zeros(4, 2)))
    assert torch.equal(seen.kinds[0], seen.kinds[1])
    assert seen.kinds[0].sum() == 3
    assert torch.equal(seen.kinds[3], kinds[3])
    assert seen.real[0] == 1
    assert seen.real[1:3].isnan().all()
    assert seen.real[3] == 0
