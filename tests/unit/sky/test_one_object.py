"""Two places at one time, and leaps between two times, are found; ordinary tracklets have neither."""

import numpy as np
import pytest

from ml.sky.one_object import leap, two_places
from ml.sky.tangent_plane import unit_vectors

DAY = 60000.0


def track(degrees, minutes):
    """Return times and places (n,) along the equator, over RA 0."""
    ra = np.array(degrees, np.float64)
    return DAY + np.array(minutes) / 1440, unit_vectors(ra % 360, 0 * ra)


@pytest.mark.parametrize(
    ("arcsec", "minutes", "found"),
    [
        ([0, 3.6, 1.0], [0, 0, 10], (0, 1)),
        ([5.0, 0, 1.0, 99.0], [10, 0, 10, 20], (0, 2)),
        ([0, 0.3, 1.0], [0, 0, 10], None),
        ([0, 60, 120], [0, 10, 20], None),
        ([], [], None),
        ([1.0], [0], None),
    ],
)
def test_two_places_at_one_time(arcsec, minutes, found):
    mjd, places = track(np.array(arcsec) / 3600, minutes)
    assert two_places(mjd, places, np.full(len(mjd), 0.1)) == found


@pytest.mark.parametrize(
    ("degrees", "minutes", "rows"),
    [
        ([0, 3, 0.01], [0, 15, 30], (0, 1)),
        ([120, 0, 0.01], [30, 0, 15], (0, 2)),
        ([0, 180], [0, 60], (0, 1)),
        ([0, 1, 2], [0, 15, 30], None),
        ([0, 0.01], [0, 0], None),
        ([], [], None),
    ],
)
def test_a_leap_is_faster_than_100_degrees_a_day(degrees, minutes, rows):
    found = leap(*track(degrees, minutes))
    assert (found and found.rows) == rows


def test_a_leap_has_its_size_and_rate():
    found = leap(*track([-3, 3, 3.01], [0, 60, 120]))
    assert (found.degrees, found.rate) == pytest.approx((6, 144))
