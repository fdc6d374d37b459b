"""The classical detector: lines in noise, with masked stars, without training."""

import numpy as np
import pytest

from ml.imaging.background import in_noise
from ml.trails.radon_baseline import ClassicalDetector, best_sums, binned, without_stars
from tests.unit.trails.skies import apart, line, noisy


@pytest.mark.parametrize("ends", [(40, 60, 210, 150), (60, 30, 70, 220), (30, 200, 200, 40)])
def test_a_faint_line_is_found_at_its_place(ends):
    best = ClassicalDetector().trails(noisy((256, 256), line(*ends), snr=3.0))[0]
    assert apart(best.curve[1:-1], line(*ends)) < 2
    assert min(np.abs(best.line - ends).max(), np.abs(best.line[[2, 3, 0, 1]] - ends).max()) < 8
    assert best.score > 0.3


def test_sums_of_noise_have_noise_of_one():
    noise = np.random.default_rng(1).normal(size=(256, 256)).astype(np.float32)
    sums, _ = best_sums(binned(noise))
    assert sums.max() < 6
    assert 1.0 < np.median(sums) < 3.0  # the largest of 32 directions


def test_a_row_of_stars_is_no_trail():
    image = noisy((256, 256))
    y, x = np.mgrid[:256, :256]
    for star in range(20, 240, 22):
        image += 3000 * np.exp(-0.5 * ((x - star) ** 2 + (y - 128) ** 2) / 1.5**2)
    assert np.abs(without_stars(in_noise(image))).max() <= 4
    assert not [trail for trail in ClassicalDetector().trails(image) if trail.score > 0.3]


def test_noise_alone_holds_no_trail():
    assert not [trail for trail in ClassicalDetector().trails(noisy((512, 512), seed=5)) if trail.score > 0.3]


def test_a_line_from_edge_to_edge_is_a_satellite():
    best = ClassicalDetector().trails(noisy((256, 256), line(0, 60, 255, 190), snr=6.0, sigma=3.0))[0]
    assert best.label == "SATELLITE"


def test_gaps_without_a_number_make_no_line():
    image = noisy((256, 256))
    image[100:150] = np.nan
    assert not [trail for trail in ClassicalDetector().trails(image) if trail.score > 0.3]
