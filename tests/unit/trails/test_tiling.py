"""Tiles of large images, stitched without a seam."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from ml.models.trail import STRIDE
from ml.trails.annotation import CLASSES
from ml.trails.tiling import sewn, spans
from ml.trails.trail_detector import LearnedDetector
from tests.unit.trails.skies import line, noisy

PLANES = 1 + len(CLASSES) + 3


class Bright(nn.Module):
    """A fake network that reports a horizontal trail in every bright cell."""

    classes = 1 + len(CLASSES)

    def forward(self, x):
        bright = torch.nn.functional.max_pool2d(x, STRIDE) * 20 - 25
        maps = torch.zeros(len(x), PLANES, *bright.shape[-2:])
        maps[:, 1] = bright[:, 0]
        maps[:, 2 : 1 + len(CLASSES)] = -20
        maps[:, 1 + len(CLASSES)] = 1
        return maps


@pytest.mark.parametrize(("side", "tile"), [(1000, 256), (257, 256), (256, 256), (30, 256), (1448, 1024), (2172, 1024)])
def test_tiles_cover_a_side_once_and_overlap(side, tile):
    found = spans(side, tile, 64)
    assert found[0].first == 0
    assert found[-1].last >= side
    for one, after in itertools.pairwise(found):
        assert one.last == after.first
        assert one.start + one.length - after.start >= 64
        assert after.first - after.start >= 32 <= one.start + one.length - one.last


@pytest.mark.parametrize("shape", [(300, 700), (512, 512), (90, 61)])
def test_sewn_maps_equal_those_of_the_whole(shape):
    image = np.random.default_rng(0).normal(size=shape).astype(np.float32)

    def means(images):
        n, c, h, w = images.shape
        return images.reshape(n, c, h // 4, 4, w // 4, 4).mean((3, 5))

    whole = np.zeros([-(-side // 4) * 4 for side in shape], dtype=np.float32)
    whole[: shape[0], : shape[1]] = image
    assert sewn(image, means, 256, 64) == pytest.approx(means(whole[None, None])[0], abs=1e-6)


def test_a_trail_over_the_edge_of_a_tile_is_found_once():
    detector = LearnedDetector(Bright(), engine="torch", device="cpu", tile=256, overlap=64)
    found = detector.trails(noisy((200, 900), line(60, 101.5, 840, 101.5), snr=30))
    assert len(found) == 1
    assert np.sort(found[0].line[[0, 2]]) == pytest.approx([60, 840], abs=4)
    assert found[0].line[[1, 3]] == pytest.approx([101.5, 101.5], abs=1)


def test_an_image_smaller_than_a_tile_is_looked_at():
    detector = LearnedDetector(Bright(), engine="torch", device="cpu")
    (one,) = detector.trails(noisy((40, 61), line(5, 21.5, 50, 21.5), snr=30))
    assert one.box[2] <= 60
