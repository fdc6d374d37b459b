"""A hand-drawn line moves onto the nearby ridge."""

import numpy as np
import pytest

from ml.imaging.background import in_noise
from ml.imaging.polyline import even, length_of
from ml.trails.candidate import evenness
from ml.trails.profile import REACH, along, full_width, snapped_to_ridge, snr_per_pixel, trimmed_to_light
from tests.unit.trails.skies import apart, arc_of, line, noisy


def test_a_line_drawn_beside_a_curved_trail_settles_within_a_pixel():
    true = arc_of((-300, 128), 400.0, 0.36, start=-0.18)
    image = in_noise(noisy((256, 256), true, snr=6.0))
    drawn = true[[0, -1]] + np.array([[2.0, 1.0], [-1.0, 2.0]])  # the middle of the chord is six pixels off
    assert apart(even(drawn, 17), true) > 4
    assert apart(snapped_to_ridge(image, drawn, reach=8)[1:-1], true) < 1.0


def test_without_a_ridge_a_line_stays_where_it_is():
    image = in_noise(noisy((256, 256), seed=2))
    drawn = line(40, 60, 200, 160)
    assert apart(snapped_to_ridge(image, drawn), drawn) < 6


@pytest.mark.parametrize(("snr", "sigma"), [(4.0, 1.0), (10.0, 1.5), (20.0, 3.0)])
def test_snr_and_width_of_a_gaussian_ridge(snr, sigma):
    curve = line(30, 40, 220, 180)
    across = along(in_noise(noisy((256, 256), curve, snr=snr, sigma=sigma)), curve).across()
    assert snr_per_pixel(across) == pytest.approx(snr, rel=0.2)
    assert full_width(across) == pytest.approx(2.3548 * sigma, abs=1.2)


def test_what_lies_beyond_the_image_is_nan():
    profile = along(np.zeros((64, 64), dtype=np.float32), line(50, 30, 90, 30))
    assert np.isnan(profile.values[REACH, -10:]).all()
    assert np.isfinite(profile.across()).all()


@pytest.mark.parametrize("snr", [2.5, 8.0, 30.0])
def test_ends_without_light_are_cut_and_others_stay(snr):
    true = line(60, 60, 200, 160)
    image = in_noise(noisy((256, 256), true, snr=snr, seed=4))
    step = (true[1] - true[0]) / length_of(true)
    too_long = np.array([true[0] - 25 * step, true[1] + 12 * step])
    for curve in (too_long, true):
        cut = trimmed_to_light(image, even(curve, 17))
        assert np.hypot(*(cut[[0, -1]] - true).T).max() < 5


def test_in_mere_noise_nothing_is_cut():
    curve = even(line(40, 60, 200, 160), 17)
    assert (trimmed_to_light(in_noise(noisy((256, 256), seed=5)), curve) == curve).all()


def test_a_trail_stops_and_an_arc_fades():
    curve = even(line(60, 60, 160, 130), 17)
    at = np.linspace(0, 1, 33)
    trail = evenness(in_noise(noisy((256, 256), curve, snr=10.0)), curve)
    fading = evenness(in_noise(noisy((256, 256), curve, snr=15 * np.sin(np.pi * at))), curve)
    assert trail[:4] == pytest.approx([1, 1, 0, 0], abs=0.25)
    assert fading[1] < 0.5
    assert trail[5] - trail[4] < 0.3 < fading[5] - fading[4]
