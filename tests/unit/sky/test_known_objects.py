"""Known objects: places equal to an independent propagation, nothing near is missed, observers are where they are."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import EarthLocation
from astropy.time import Time

from ml.sky.advance import advance
from ml.sky.apparent import Apparent, Bodies, observe, visual_magnitude
from ml.sky.detections import Detections
from ml.sky.known_objects import match, two_body_error
from ml.sky.mpcorb import read_mpcorb
from ml.sky.nbody import acceleration, integrate
from ml.sky.observatories import geocentric, read_observatories
from ml.sky.observers import Observers, observers_of
from ml.sky.solar_system import AU_KM, earth, sun_from_barycentre, tdb
from ml.sky.sweep import Sweep
from ml.sky.tangent_plane import positions, separation, unit_vectors
from ml.sky.two_body import states

HERE = Path(__file__).parent / "orbits"
EPOCH = 61000.0


@pytest.fixture(scope="module")
def orbits():
    return read_mpcorb(HERE / "mpcorb.dat").orbits


@pytest.fixture(scope="module")
def places():
    """Return unit vectors (20, 3) in the order of the orbits, by days since the epoch."""
    rows = list(csv.DictReader((HERE / "places.csv").read_text().splitlines()))
    return {
        days: np.array([unit_vectors(float(row["ra"]), float(row["dec"])) for row in rows if row["days"] == str(days)])
        for days in (30, -30, 400)
    }


def geocentre(days, n):
    mjd = np.full(n, EPOCH + days)
    place, speed = earth(mjd)
    return Observers(mjd, place, speed, sun_from_barycentre(mjd + 0.5) - sun_from_barycentre(mjd - 0.5))


def seen(orbits, days, how=integrate):
    place, speed = how(orbits, EPOCH + days)
    bodies = Bodies(EPOCH + days, place, speed, acceleration(place, speed, EPOCH + days))
    observers = geocentre(days, len(orbits))
    every = np.arange(len(orbits))
    return observe(bodies, every, observers.mjd, observers.position, observers.velocity, observers.drift)


@pytest.mark.parametrize(("days", "limit"), [(30, 0.1), (-30, 0.1), (400, 1.0)])
def test_places_agree_with_an_independent_propagation(orbits, places, days, limit):
    assert separation(seen(orbits, days).direction, places[days]).max() < limit


def test_two_body_motion_would_not_do_and_stays_within_the_margin(orbits, places):
    assert separation(seen(orbits, 30, states).direction, places[30]).max() > 1
    for days in (-400, -100, -30, 5, 30, 400):
        off = np.linalg.norm(states(orbits, EPOCH + days)[0] - integrate(orbits, EPOCH + days)[0], axis=1)
        assert off.max() < two_body_error(np.float64(days)) / 1.5


@pytest.mark.parametrize("days", [30, -30, 400])
def test_every_object_is_matched_where_it_is(orbits, places, days):
    found = match(Sweep(orbits), geocentre(days, 20), places[days], np.full(20, 0.1), 2.0)
    pairs = {(int(d), int(o)) for matches in found for d, o in zip(matches.detection, matches.orbit, strict=True)}
    assert {(at, at) for at in range(20)} <= pairs


def test_residuals_are_along_and_left_of_the_motion(orbits, places):
    motion = seen(orbits, 30).motion
    ahead = motion / np.hypot(*motion.T)[:, None]
    east, north = 3 * ahead[:, 0] - 2 * ahead[:, 1], 3 * ahead[:, 1] + 2 * ahead[:, 0]  # 3″ along, 2″ to the left
    ra, dec = positions(places[30])
    moved = unit_vectors(ra + east / 3600 / np.cos(np.radians(dec)), dec + north / 3600)
    [found] = match(Sweep(orbits), geocentre(30, 20), moved, np.full(20, 0.1), 10.0)
    own = found.detection == found.orbit
    assert own.sum() == 20
    assert found.along[own] == pytest.approx(3, abs=0.1)
    assert found.across[own] == pytest.approx(2, abs=0.1)
    assert found.days == pytest.approx(30)


def test_uncertain_orbits_reach_further(orbits, places):
    ra, dec = positions(places[30])
    moved = unit_vectors(ra, dec + 20 / 3600)
    far = replace(orbits, runoff=np.full(20, 15_800.0), last_observed=np.full(20, EPOCH - 100))
    sure = match(Sweep(orbits), geocentre(30, 20), moved, np.full(20, 0.1), 5.0)
    unsure = match(Sweep(far), geocentre(30, 20), moved, np.full(20, 0.1), 5.0)
    assert not any((matches.detection == matches.orbit).any() for matches in sure)
    assert sum((matches.detection == matches.orbit).sum() for matches in unsure) == 20


def test_poor_positions_reach_further(orbits, places):
    ra, dec = positions(places[30])
    moved = unit_vectors(ra, dec + 20 / 3600)
    for rms, count in ((0.1, 0), (8.0, 20)):
        found = match(Sweep(orbits), geocentre(30, 20), moved, np.full(20, rms), 5.0)
        assert sum((matches.detection == matches.orbit).sum() for matches in found) == count


def test_an_advanced_catalogue_is_at_its_new_epoch(orbits, places):
    moved = advance(orbits, EPOCH + 400)
    assert moved.epoch == pytest.approx(EPOCH + 400)
    order = [list(moved.name).index(name) for name in orbits.name]
    off = separation(seen(moved, 400, states).direction[order], places[400])
    assert off.max() < 1


@pytest.mark.parametrize("days", [0.0, 45.0])
def test_the_sweep_misses_nothing(orbits, days):
    """20,000 simulated orbits: everything that the exact formula puts into the circle is found, little else."""
    random, copies = np.random.default_rng(4), 1000
    many = orbits.take(np.tile(np.arange(20), copies))
    many = replace(many, perihelion_time=many.epoch + random.uniform(-2000, 2000, len(many)))
    [observer], _ = earth(np.array([EPOCH + days]))
    for center in (unit_vectors(60.0, 20.0), unit_vectors(0.0, -30.0), unit_vectors(200.0, 89.0)):
        ray = states(many, EPOCH + days)[0] - observer
        inside = separation(ray / np.linalg.norm(ray, axis=1)[:, None], center) < 5 * 3600
        found = Sweep(many).near(EPOCH + days, observer, center, np.radians(5), 0.0)
        assert set(np.flatnonzero(inside)) <= set(found)
        assert len(found) < inside.sum() * 1.2 + 20


def test_observatories_are_where_astropy_puts_them():
    """Against astropy's own chain of transformations, which includes polar motion (10 m)."""
    mjd = np.array([58450.1, 58450.6, 60000.3])
    rubin = read_observatories()["X05"]
    angle = np.radians(rubin.longitude)
    place = EarthLocation.from_geocentric(
        *(6378.137 * units.km * np.array([rubin.cos * np.cos(angle), rubin.cos * np.sin(angle), rubin.sin]))
    )
    expected = place.get_gcrs_posvel(Time(mjd, format="mjd", scale="utc"))[0].xyz.to_value("km").T
    assert geocentric(rubin, mjd) * AU_KM == pytest.approx(expected, abs=0.1)


def test_dynamical_time_is_ahead_of_utc():
    assert (tdb(np.array([58450.0])) - 58450) * 86400 == pytest.approx(69.184, abs=1e-4)
    assert np.isnan(tdb(np.array([np.nan]))).all()


def detections(codes, observer=None):
    n = len(codes)
    unknown = np.full(n, np.nan)
    return Detections(
        np.full(n, "t"), np.full(n, 60000.0), unknown, unknown, unknown, unknown, unknown, unknown, unknown,
        np.full(n, ""), np.array(codes), np.full((n, 3), np.nan) if observer is None else observer,
        np.full((n, 3), np.nan),
    )  # fmt: skip


def test_unknown_observatories_and_those_in_space_are_named_and_the_rest_is_used():
    observers, problems = observers_of(detections(["I41", "ZZZ", "250", "", "ZZZ"]), read_observatories())
    assert np.isfinite(observers.position).all(1).tolist() == [True, False, False, True, False]
    assert any("observatory ZZZ is unknown" in problem and "rows left out: 2" in problem for problem in problems)
    assert any("250 (Hubble Space Telescope) has no fixed place" in problem for problem in problems)


def test_a_given_position_places_a_spacecraft():
    given = np.array([[7000.0, 0, 0]])
    observers, problems = observers_of(detections(["250"], given), read_observatories())
    assert not problems
    home, _ = earth(observers.mjd)
    assert (observers.position - home) * AU_KM == pytest.approx(given)


def at(sun_distance, distance, phase):
    """Return what an observer sees of two bodies at these distances, au, and phases, deg."""
    return Apparent(
        np.zeros((2, 3)), np.full(2, distance), np.full(2, sun_distance), np.zeros((2, 2)), np.radians(phase)
    )


def test_magnitudes_follow_the_hg_system(orbits):
    """Bowell et al.: at opposition H + 5 log(r Δ); at 20° with G .15 fainter by .96 mag."""
    asteroids = replace(orbits.take(np.arange(2)), magnitude=np.full(2, 10.0), slope=np.array([0.15, np.nan]))
    bright, faint = visual_magnitude(asteroids, at(2.0, 1.0, [0, 20.0]))
    assert bright == pytest.approx(10 + 5 * np.log10(2))
    assert faint - bright == pytest.approx(0.96, abs=0.05)


def test_comets_fade_with_their_own_power_of_the_distance_to_the_sun(orbits):
    """At 2 au from the Sun and 1.5 au from us, H of 7.5 and a slope of 4 make 7.5 + 0.880 + 3.010, at any phase."""
    comets = replace(orbits.take(np.arange(2)), magnitude=np.full(2, 7.5), activity=np.array([10.0, 5.0]))
    assert visual_magnitude(comets, at(2.0, 1.5, [0, 29.0])) == pytest.approx([11.391, 9.886], abs=1e-3)
    assert visual_magnitude(comets, at(0.5, 1.0, [0, 120.0])) == pytest.approx([4.490, 5.995], abs=1e-3)
