"""Points along the ridge of a trail, painted on noise."""

from functools import cache

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from ml.trails.ridge_points import ridge_points

SIDE = 256
LEFT, RIGHT, BOW = 40.0, 210.0, 9.0


def height(x):
    """Return y on the true curve: a parabola through both ends at y = 120."""
    phase = (x - (LEFT + RIGHT) / 2) / ((RIGHT - LEFT) / 2)
    return 120 + BOW * (1 - phase**2)


@cache
def light_of(left, right):
    """Return a trail's light without noise, 1 along its ridge."""
    at = np.linspace(left, right, 20 * SIDE)
    canvas = np.zeros((SIDE * 5, SIDE * 5))
    inside = (at > -0.5) & (at < SIDE - 0.5)
    np.add.at(canvas, (((height(at[inside]) + 0.5) * 5).astype(int), ((at[inside] + 0.5) * 5).astype(int)), 1.0)
    light = gaussian_filter(canvas, 5 * 1.2).reshape(SIDE, 5, SIDE, 5).sum((1, 3))
    ridge = np.median(light.max(axis=0)[int(left) + 5 : int(right) - 5])
    return light / ridge


def image(snr=8.0, seed=0, left=LEFT, right=RIGHT):
    return light_of(left, right) * snr + np.random.default_rng(seed).normal(0, 1, (SIDE, SIDE))


LINE = np.array([[LEFT + 4, 118.0], [RIGHT - 5, 123.0]])


def test_points_lie_on_the_trail_within_their_errors():
    found = ridge_points(image(), LINE)
    inner = found.points[1:-1]
    assert len(inner) >= 10
    off = (inner[:, 1] - height(inner[:, 0])) / found.rms[1:-1, 1]
    assert np.sqrt(np.mean(off**2)) < 1.6
    assert found.rms[1:-1, 1].max() < 0.2


@pytest.mark.parametrize("snr", [5.0, 20.0])
def test_ends_are_where_the_light_ends(snr):
    ends = []
    for seed in range(12):
        found = ridge_points(image(snr, seed), LINE)
        ends += [
            (found.points[0, 0] - LEFT) / found.rms[0, 0],
            (found.points[-1, 0] - RIGHT) / found.rms[-1, 0],
        ]
    assert np.sqrt(np.mean(np.square(ends))) < 2
    assert np.abs(ends).max() < 5


def test_a_cosmic_ray_on_the_trail_moves_no_point():
    struck = image()
    struck[int(height(120.0)) + 2, 118:121] += 400
    found = ridge_points(struck, LINE)
    inner = found.points[1:-1]
    assert np.abs((inner[:, 1] - height(inner[:, 0])) / found.rms[1:-1, 1]).max() < 5


def test_unmeasured_pixels_are_left_out():
    gap = image()
    gap[:, 100:130] = np.nan
    found = ridge_points(gap, LINE)
    assert not ((found.points[:, 0] > 102) & (found.points[:, 0] < 128)).any()
    assert np.isfinite(found.points).all()


@pytest.mark.parametrize(
    ("pixels", "line", "said"),
    [
        (image(right=300.0), [[LEFT, 120.0], [254.0, 110.0]], "outside the image"),
        (image(snr=0.01), LINE, "faint|stand out"),
        (image(left=100.0, right=118.0), [[100.0, 125.0], [118.0, 126.0]], "short|faint"),
    ],
)
def test_what_cannot_be_measured_is_refused(pixels, line, said):
    with pytest.raises(ValueError, match=said):
        ridge_points(pixels, np.array(line))
