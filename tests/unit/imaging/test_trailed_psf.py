"""Measured trail lengths: unbiased, with honest intervals, and a comparison that raises no false alarm."""

from functools import cache

import numpy as np
import pytest

from ml.imaging.trailed_psf import trail_length

SEEING = 2.4
SIGMA = SEEING / 2.3548


@cache
def trail_light(length, angle, x, y, side):
    """Return a trail of S/N 1 in noise of 1, drawn as 100 point sources along a line."""
    rows, columns = np.mgrid[:side, :side]
    along = np.radians(angle)
    image = np.zeros((side, side))
    for step in ((np.arange(100) + 0.5) / 100 - 0.5) * length:
        right, up = columns - x - step * np.cos(along), rows - y - step * np.sin(along)
        image += np.exp(-(right**2 + up**2) / (2 * SIGMA**2))
    return image / np.sqrt((image**2).sum())


def stamp(length, angle, *, snr=60.0, seed=1, x=24.6, y=25.3, side=51):
    """Return a stamp of sky 100 and noise 5 with a trail of this S/N."""
    light = trail_light(length, angle, x, y, side)
    return 100 + 5 * (np.random.default_rng(seed).normal(size=light.shape) + snr * light)


@pytest.mark.parametrize("angle", [0.0, 37.0, 120.0])
@pytest.mark.parametrize("length", [3.0, 8.0, 16.0])
@pytest.mark.parametrize("knows_direction", [True, False])
def test_a_trail_has_its_length(length, angle, knows_direction):
    found = trail_length(stamp(length, angle), 25, 25, 2.2, length, angle if knows_direction else None)
    assert found.length == pytest.approx(length, abs=0.6)
    assert found.low < found.length < found.high < found.low + 1
    assert found.excess < 9


def test_intervals_hold_the_truth_as_often_as_they_say_and_3_sigma_is_rare():
    truths = np.repeat([0.0, 2.0, 6.0], 50)
    found = [trail_length(stamp(truth, 20, seed=seed), 25, 25, 2.2, truth, 20) for seed, truth in enumerate(truths)]
    inside = [each.low <= truth <= each.high for each, truth in zip(found, truths, strict=True)]
    assert 0.55 < np.mean(inside) < 0.85
    excess = np.array([each.excess for each in found])
    assert excess.mean() == pytest.approx(1, abs=0.4)
    assert (excess > 9).mean() < 0.03
    without = [
        trail_length(stamp(truth, 20, seed=seed), 25, 25, 2.2, truth).excess for seed, truth in enumerate(truths)
    ]
    assert np.mean(np.array(without) > 9) < 0.03


@pytest.mark.parametrize("angle", [20.0, None])
def test_a_point_where_a_trail_was_predicted_stands_out_and_the_other_way_round(angle):
    short = trail_length(stamp(0, 20), 25, 25, 2.2, 10.0, angle)
    long = trail_length(stamp(10, 20), 25, 25, 2.2, 0.5, angle)
    assert short.length < 2.5
    assert long.length == pytest.approx(10, abs=0.7)
    assert min(short.excess, long.excess) > 100


def test_missing_pixels_are_left_out_and_nothing_is_measured_without_a_source():
    holed = stamp(6, 0)
    holed[25, 22] = np.nan
    assert trail_length(holed, 25, 25, 2.2, 6, 0).length == pytest.approx(6, abs=0.6)
    assert trail_length(stamp(6, 0, snr=0), 25, 25, 2.2, 6, 0) is None
    holed[:, :24] = np.inf
    assert trail_length(holed, 15, 25, 2.2, 6, 0) is None
    assert trail_length(np.full((51, 51), np.nan), 25, 25, 2.2, 6, 0) is None
    assert trail_length(stamp(6, 0), 25, 25, 2.2, 52, 0) is None


def test_integers_are_read_and_the_snr_is_that_of_the_flux():
    found = trail_length((10 * stamp(6, 0)).astype(np.int16), 25, 25, 2.2, 6, 0)
    assert found.snr == pytest.approx(60 * 0.72, rel=0.15)  # 60 less what place, width and length cost
