"""Tracklets of different nights are linked by place and velocity, at the pole and across RA 0 too."""

import numpy as np
import pytest

from ml.sky.great_circle import TOLERANCE
from ml.sky.night_linking import Motions, link_nights, pair_misfits
from ml.sky.tangent_plane import ARCSEC, east_north, unit_vectors
from ml.sky.weighted_motion import fit_weighted_motion


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
    tracks = 60000 + days, np.array(places), np.array(velocities), np.zeros((400, 4, 4))
    pairs = link_nights(*tracks, nights, 1.0, 3)
    assert {(one, other - 200) for one, other, _ in pairs} >= {(at, at) for at in range(20)}
    assert len(pairs) <= 25  # chance alignments are rare
    assert [distance for *_, distance in pairs] == sorted(distance for *_, distance in pairs)
    assert link_nights(*tracks, nights, 1.0, 1) == []


def test_other_velocities_and_single_nights_are_not_linked():
    place, moved = seen(10.0, 0.0, (30.0, 0.0), 1.0)
    places = np.array([unit_vectors(np.array(10.0), np.array(0.0)), place])
    for velocity, linked in ((moved, 1), ([moved[0] + 2, moved[1]], 0)):
        tracks = np.array([0.0, 1.0]), places, np.array([[30.0, 0.0], velocity]), np.zeros((2, 4, 4))
        assert len(link_nights(*tracks, np.array([0, 1]), 1.0, 5)) == linked
    same = np.zeros(2), places, np.zeros((2, 2)), np.zeros((2, 4, 4))
    assert link_nights(*same, np.array([7, 7]), 1.0, 5) == []


def measured(seed, movers, alone):
    """Return motions fitted to simulated tracklets of two nights, movers first; errors of 0.1″ to 1.5″ in each place.

    Four detections in 45 minutes, errors correlated; `alone` other tracklets in each night.
    """
    random = np.random.default_rng(seed)
    hours, total = np.array([0, 0.25, 0.5, 0.75]), movers + alone
    begin, velocity = random.uniform(-3600, 3600, (2, 1, total, 2)), random.normal(0, 40, (2, 1, total, 2))
    begin[1, :, :movers], velocity[1, :, :movers] = begin[0, :, :movers], velocity[0, :, :movers]
    since = hours[:, None, None] + np.array([0, 24])[:, None, None, None]
    rms = np.exp(random.uniform(np.log(0.1), np.log(1.5), (2, 4, total, 2)))
    corr, noise = random.uniform(-0.9, 0.9, (2, 4, total)), random.normal(size=(2, 4, total, 2))
    noise[..., 1] = corr * noise[..., 0] + np.sqrt(1 - corr**2) * noise[..., 1]
    place = (begin + velocity * since + rms * noise) / 3600
    table = (np.moveaxis(each, 1, 2).reshape(2 * total, 4) for each in (*np.moveaxis(place, -1, 0),
             *np.moveaxis(rms, -1, 0), corr))  # fmt: skip
    mjd = np.repeat(60000 + (hours + np.array([[0], [24]])) / 24, total, axis=0)
    return fit_weighted_motion(mjd, *table), np.repeat([0, 1], total)


def test_tracklets_whose_detections_have_large_errors_are_found_too():
    motion, nights = measured(3, movers=100, alone=1000)
    tracks = motion.mjd, motion.position, motion.velocity
    true = {(at, at + 1100) for at in range(100)}
    exact = {(one, other) for one, other, _ in link_nights(*tracks, 0 * motion.covariance, nights, 1.0, 3)}
    found = {(one, other) for one, other, _ in link_nights(*tracks, motion.covariance, nights, 1.0, 3)}
    assert len(exact & true) < 40
    assert len(found & true) >= 90
    assert len(found - true) <= 1
    wide = {(one, other) for one, other, _ in link_nights(*tracks, motion.covariance, nights, TOLERANCE, 3)}
    assert wide >= true
    assert len(wide - true) <= 3


@pytest.mark.parametrize(
    ("faster", "error", "corr", "linked"),
    [
        ([2.0, 0.0], 0.0, 0.0, 0),
        ([2.0, 0.0], 1.0, 0.0, 1),
        ([1.5, 1.5], 0.5, 0.9, 1),  # along the error ellipse
        ([1.5, -1.5], 0.5, 0.9, 0),  # across it
        ([50.0, 0.0], 100.0, 0.0, 0),  # so poor that it would agree with all
    ],
)
def test_velocities_may_differ_by_their_errors_but_not_by_any(faster, error, corr, linked):
    place, moved = seen(10.0, 0.0, (30.0, 0.0), 1.0)
    places = np.array([unit_vectors(np.array(10.0), np.array(0.0)), place])
    covariance = np.zeros((2, 4, 4))
    covariance[:, 2:, 2:] = error**2 * np.array([[1, corr], [corr, 1]])
    tracks = np.array([0.0, 1.0]), places, np.array([[30.0, 0.0], np.add(moved, faster)]), covariance
    assert len(link_nights(*tracks, np.array([0, 1]), 1.0, 5)) == linked


def test_a_pair_agrees_on_its_own_as_it_does_among_the_nights():
    random = np.random.default_rng(5)
    for number in range(20):
        place, moved = seen(10.0, 30.0, (25.0, -10.0), 2.0)
        velocities = np.array([[25.0, -10.0], moved]) + random.normal(0, 1.0, (2, 2))
        places = np.array([unit_vectors(np.array(10.0), np.array(30.0)), place])
        spread = np.eye(4) * [0.04, 0.04, 0.3, 0.3] * (number % 5)
        tracks = Motions(np.array([60000.0, 60002.0]), places, velocities, np.array([spread, 2 * spread]))
        one, other = (Motions(*(each[[at]] for each in tracks)) for at in (0, 1))
        [alone] = pair_misfits(one, other, 1.0)
        assert pair_misfits(other, one, 1.0) == pytest.approx(alone)
        assert link_nights(*tracks, np.array([0, 2]), 1.0, 3) == ([(0, 1, pytest.approx(alone))] if alone <= 1 else [])
