"""Tracklets of different nights are linked by place and velocity, at the pole and across RA 0 too."""

import numpy as np
import pytest

from ml.sky.night_linking import link_nights
from ml.sky.tangent_plane import ARCSEC, east_north, unit_vectors


def seen(ra, dec, velocity, days):
    """Return place and velocity after some days along a great circle."""
    start = unit_vectors(np.array([ra]), np.array([dec]))
    east, north = east_north(start)
    motion = (velocity[0] * east + velocity[1] * north) / ARCSEC * 24
    rate = np.linalg.norm(motion)
    along, angle = motion / rate, rate * days
    place = np.cos(angle) * start + np.sin(angle) * along
    moved = rate * (np.cos(angle) * along - np.sin(angle) * start) * ARCSEC / 24
    east, north = east_north(place)
    return place[0], [float((moved * east).sum()), float((moved * north).sum())]


@pytest.mark.parametrize(("ra", "dec"), [(120.0, 5.0), (359.999, -40.0), (10.0, 89.95)])
def test_movers_among_many_others_are_found(ra, dec):
    random = np.random.default_rng(1)
    days = np.repeat([0.0, 2.0], 200)
    places, velocities = [], []
    for at, day in enumerate(days):
        own = np.random.default_rng(at % 200)
        start = ra + own.normal(0, 0.5), np.clip(dec + own.normal(0, 0.5), -90, 90)
        velocity = own.normal(0, 40, 2)
        if at % 200 >= 20 and day:  # others are seen in one night only
            start, velocity = (ra + random.normal(0, 0.5), dec), random.normal(0, 40, 2)
        place, moved = seen(*start, velocity, day)
        places.append(place)
        velocities.append(np.array(moved) + random.normal(0, 0.1, 2))
    nights = np.floor(days).astype(int)
    pairs = link_nights(60000 + days, np.array(places), np.array(velocities), nights, 1.0, 3)
    assert {(one, other - 200) for one, other, _ in pairs} >= {(at, at) for at in range(20)}
    assert len(pairs) <= 25  # chance alignments are rare
    assert [distance for *_, distance in pairs] == sorted(distance for *_, distance in pairs)
    assert link_nights(60000 + days, np.array(places), np.array(velocities), nights, 1.0, 1) == []


def test_other_velocities_and_single_nights_are_not_linked():
    place, moved = seen(10.0, 0.0, (30.0, 0.0), 1.0)
    places = np.array([unit_vectors(np.array(10.0), np.array(0.0)), place])
    for velocity, linked in ((moved, 1), ([moved[0] + 2, moved[1]], 0)):
        pairs = link_nights(np.array([0.0, 1.0]), places, np.array([[30.0, 0.0], velocity]), np.array([0, 1]), 1.0, 5)
        assert len(pairs) == linked
    assert link_nights(np.zeros(2), places, np.zeros((2, 2)), np.array([7, 7]), 1.0, 5) == []
