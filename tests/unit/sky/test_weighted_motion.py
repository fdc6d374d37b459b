"""Weighted motion fits: exact on straight tracks anywhere, and errors equal to Monte Carlo scatter."""

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord

from ml.sky.tangent_plane import east_north, positions, unit_vectors
from ml.sky.weighted_motion import fit_weighted_motion


def track(n=4, rate=60.0, ra=10.0, dec=5.0, angle=40.0, minutes=10.0):
    """Return times, RA and Dec (n,) of uniform motion, by astropy."""
    mjd = 60600 + np.arange(n) * minutes / 1440
    moved = rate * (mjd - mjd[0]) * 24 * units.arcsec
    place = SkyCoord(ra, dec, unit="deg").directional_offset_by(angle * units.deg, moved)
    return mjd, place.ra.deg, place.dec.deg


def fit(mjd, ra, dec, east=0.1, north=0.1, corr=0.0):
    mjd, ra, dec = (np.atleast_2d(values) for values in (mjd, ra, dec))
    return fit_weighted_motion(mjd, ra, dec, *(np.broadcast_to(value, ra.shape) for value in (east, north, corr)))


@pytest.mark.parametrize(
    ("n", "ra", "dec"),
    [
        *[(2, 10.0, 0.0), (3, 359.9999, 0.0), (4, 10.0, 89.0), (5, 359.9999, 89.0), (6, 10.0, -89.0)],
        *[(7, 359.9999, -89.0), (8, 10.0, 89.999), (2, 359.9999, 89.999)],
    ],
)
def test_a_straight_track_is_recovered_anywhere(n, ra, dec):
    mjd, alpha, delta = track(n, ra=ra, dec=dec)
    motion = fit(mjd, alpha, delta)
    start, end = (SkyCoord(alpha[at], delta[at], unit="deg") for at in (0, -1))
    middle = start.directional_offset_by(start.position_angle(end), start.separation(end) / 2)
    assert motion.rate[0] == pytest.approx(60, rel=1e-6)
    assert motion.position_angle[0] == pytest.approx(middle.position_angle(end).deg, abs=1e-3)
    assert motion.chi2[0] == pytest.approx(0, abs=1e-4)
    found = SkyCoord(*positions(motion.position[0]), unit="deg")
    assert found.separation(middle).arcsec == pytest.approx(0, abs=1e-3)


def test_degrees_of_uniform_motion_are_straight():
    motion = fit(*track(8, rate=5000.0, minutes=15.0))
    assert motion.rate[0] == pytest.approx(5000, rel=1e-6)
    assert motion.chi2[0] == pytest.approx(0, abs=1e-3)
    assert motion.bend[0] == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(
    ("n", "dec", "corr"),
    [(2, 0.0, 0.0), (2, 45.0, 0.9), (3, 89.0, 0.7), (4, -89.0, -0.9), (8, 45.0, 0.9), (8, 0.0, 0.0)],
)
def test_formal_errors_are_the_monte_carlo_scatter(n, dec, corr):
    random, draws = np.random.default_rng(1), 20_000
    mjd, ra, dec_track = track(n, ra=359.999, dec=dec)
    east, north = random.uniform(0.05, 0.3, n), random.uniform(0.05, 0.3, n)
    noise = random.standard_normal((2, draws, n))
    places = unit_vectors(ra, dec_track)
    to_east, to_north = east_north(places)
    off_east, off_north = east * noise[0], north * (corr * noise[0] + np.sqrt(1 - corr**2) * noise[1])
    arcsec = np.radians(1 / 3600)
    moved = places + arcsec * (off_east[..., None] * to_east + off_north[..., None] * to_north)
    motion = fit(np.tile(mjd, (draws, 1)), *positions(moved), east, north, corr)
    expected = np.sqrt(np.diagonal(motion.covariance[0])[2:])
    assert motion.velocity.std(0) == pytest.approx(expected, rel=0.05)
    assert motion.rate.std() == pytest.approx(motion.rate_error.mean(), rel=0.05)
    assert motion.position_angle.std() == pytest.approx(motion.position_angle_error.mean(), rel=0.05)
    if n > 2:
        assert motion.chi2.mean() == pytest.approx(2 * n - 4, rel=0.05)
        assert motion.bend.std(0) == pytest.approx(motion.bend_error.mean(0), rel=0.05)


def test_a_parabola_has_its_acceleration_across():
    mjd, ra, dec = track(5, rate=30.0, dec=0.0, angle=90.0)
    hours = (mjd - mjd.mean()) * 24
    motion = fit(mjd, ra, dec + 0.5 * 12 * hours**2 / 3600)  # toward the north, left of eastward motion
    assert motion.bend[0] == pytest.approx([0, 12], abs=1e-3)


def test_a_residual_is_along_the_motion_and_to_its_left():
    mjd, ra, dec = track(4, rate=30.0, dec=0.0, angle=90.0)  # eastward, so north is to the left
    off = np.array([0, 0, 0, 1]) / 3600
    left = fit(mjd, ra, dec + off).residual[0]
    ahead = fit(mjd, ra + off, dec).residual[0]
    fitted = np.polyval(np.polyfit(mjd - mjd[0], off * 3600, 1), mjd - mjd[0])
    expected = off * 3600 - fitted
    assert left[:, 1] == pytest.approx(expected, abs=1e-3)
    assert ahead[:, 0] == pytest.approx(expected, abs=1e-3)
    unknown = fit([*mjd, np.nan], [*ra, 10.0], [*dec, 0.0]).residual[0]
    assert np.isnan(unknown[-1]).all()
    assert unknown[:4] == pytest.approx(0, abs=1e-3)


def test_a_good_detection_outweighs_a_bad_one():
    mjd, ra, dec = track(4, rate=30.0, dec=0.0, angle=90.0)
    dec = dec + np.array([0, 0, 0, 3]) / 3600
    assert abs(fit(mjd, ra, dec, 0.1, [0.1, 0.1, 0.1, 30]).velocity[0, 1]) < 0.01
    assert abs(fit(mjd, ra, dec).velocity[0, 1]) > 1


@pytest.mark.parametrize("dec", [0.0, 89.9, -89.99])
def test_a_motion_is_told_in_the_east_and_north_of_its_own_place(dec):
    mjd, alpha, delta = track(4, rate=600.0, dec=dec)
    errors = np.array([0.05, 1.0, 1.0, 1.0])
    motion = fit(mjd, alpha, delta, east=errors, north=errors)
    here, end = (SkyCoord(*at, unit="deg") for at in (positions(motion.position[0]), (alpha[-1], delta[-1])))
    assert motion.position_angle[0] == pytest.approx(here.position_angle(end).deg, abs=0.01)


def test_what_cannot_be_fitted_is_nan_and_the_rest_is_fitted():
    mjd, ra, dec = (np.tile(values, (4, 1)) for values in track(3))
    mjd[0] = mjd[0, 0]  # one time
    ra[1, 1:] = np.nan  # one detection
    mjd[2] = np.nan  # none
    motion = fit(mjd, ra, dec)
    assert np.isnan(motion.rate).tolist() == [True, True, True, False]
    assert np.isnan(motion.chi2_dof).tolist() == [True, True, True, False]
    assert motion.rate[3] == pytest.approx(60, rel=1e-6)


def test_two_equal_times_of_three_fit_a_rate_but_no_bend():
    mjd, ra, dec = track(3)
    mjd, ra, dec = mjd[[0, 0, 2]], ra[[0, 0, 2]], dec[[0, 0, 2]]
    motion = fit(mjd, ra, dec)
    assert motion.rate[0] == pytest.approx(60, rel=1e-6)
    assert np.isnan(motion.bend).all()


def test_a_detection_at_the_pole_has_axes():
    motion = fit([60000.0, 60000.01, 60000.02], [0.0, 0.0, 180.0], [89.999, 90.0, 89.999])
    assert motion.rate[0] == pytest.approx(3.6 / 0.24, rel=1e-6)
    assert motion.chi2[0] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("dec", [0.0, 89.99, -89.99])
def test_errors_of_residuals_are_the_scatter_of_places_along_the_motion_and_across_it(dec):
    random, draws = np.random.default_rng(2), 20_000
    mjd, ra, dec_track = track(4, dec=dec)
    motion = fit(mjd, ra, dec_track, east=0.3, north=0.1, corr=0.6)
    noise = random.standard_normal((2, draws, 4, 1))
    to_east, to_north = east_north(unit_vectors(ra, dec_track))
    moved = 0.3 * noise[0] * to_east + 0.1 * (0.6 * noise[0] + 0.8 * noise[1]) * to_north
    east, north = east_north(motion.position[0])
    sin, cos = np.sin(np.radians(motion.position_angle[0])), np.cos(np.radians(motion.position_angle[0]))
    scatter = [(moved @ way).std(axis=0) for way in (sin * east + cos * north, sin * north - cos * east)]
    assert np.array(scatter) == pytest.approx(motion.residual_error[0].T, rel=0.03)


@pytest.mark.parametrize(
    ("ra", "dec"),
    [([10, 190.001, 10.002], [5, -5, 5]), ([10, 190], [5, -5]), ([10, 10.001, 130, 10.002], [0, 0, 0, 0])],
)
def test_no_motion_is_fitted_beyond_a_quarter_of_a_turn(ra, dec):
    """The antipode is at the middle of the tangent plane, as the others are."""
    motion = fit(60600 + np.arange(len(ra)) / 100, np.array(ra), np.array(dec))
    assert np.isnan([motion.rate[0], motion.chi2[0]]).all()
    assert np.isnan(motion.residual).all()
    assert motion.dof[0] == 0


def test_sixty_degrees_are_fitted():
    assert fit(*track(3, rate=600_000.0)).rate[0] == pytest.approx(600_000, rel=1e-3)
