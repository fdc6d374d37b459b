"""A line that was drawn by hand settles on the ridge near it."""

import numpy as np
import pytest

from ml.trails.curve import even
from ml.trails.profile import REACH, along, full_width, settled, snr_per_pixel
from ml.trails.sky import in_noise
from tests.unit.trails.skies import apart, arc_of, line, noisy


def test_a_line_drawn_beside_a_curved_trail_settles_within_a_pixel():
    true = arc_of((-300, 128), 400.0, 0.36, start=-0.18)
    image = in_noise(noisy((256, 256), true, snr=6.0))
    drawn = true[[0, -1]] + np.array([[2.0, 1.0], [-1.0, 2.0]])  # the middle of the chord is six pixels off
    assert apart(even(drawn, 17), true) > 4
    assert apart(settled(image, drawn, reach=8)[1:-1], true) < 1.0


def test_without_a_ridge_a_line_stays_where_it_is():
    image = in_noise(noisy((256, 256), seed=2))
    drawn = line(40, 60, 200, 160)
    assert apart(settled(image, drawn), drawn) < 6


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
