"""`python -m ml known` for a spacecraft: the predicted motion is the one that it sees."""

import csv
import io

import numpy as np
import pytest

from ml.__main__ import main
from ml.sky.observer_velocity import velocities_of
from tests.unit.cli.test_known import ORBITS

START, HATHOR = 61030.0, (139.24306, -11.49871)
RADIUS, TURN = 6917.0, 2 * np.pi / 5725.3  # km and radians per second, as Hubble's
X, Y = np.array([1, 0, 0]), np.array([0, 0.88, 0.475])


def flight(mjd):
    """Return places and velocities (N, 3), km and km/s, on a circular orbit."""
    angle = TURN * (np.asarray(mjd)[:, None] - START) * 86400
    return RADIUS * (np.cos(angle) * X + np.sin(angle) * Y), RADIUS * TURN * (np.cos(angle) * Y - np.sin(angle) * X)


@pytest.fixture
def predicted(tmp_path, capsys):
    def run(minutes, *, moving):
        """Return what is predicted of (2340) Hathor some minutes after the start, and stderr."""
        path, mjd = tmp_path / "d.csv", START + np.array(minutes) / 1440
        names = "mjd,ra,dec,obs_x,obs_y,obs_z" + ",obs_vx,obs_vy,obs_vz" * moving
        columns = [mjd[:, None], np.tile(HATHOR, (len(mjd), 1)), *flight(mjd)[: 1 + moving]]
        np.savetxt(path, np.hstack(columns), "%.10f", ",", header=names, comments="")
        main(["known", "--orbits", str(ORBITS / "mpcorb.dat"), "--data", str(path), "--radius", "600"])
        out, err = capsys.readouterr()
        rows = list(csv.DictReader(io.StringIO(out)))
        return {name: np.array([float(row[name]) for row in rows]) for name in ("ra", "dec", "rate", "pa")}, err

    return run


@pytest.mark.parametrize("moving", [True, False])
def test_the_motion_is_that_of_the_predicted_places(predicted, moving):
    """A minute before and after, the object is predicted where it then is; this needs no velocity."""
    found, err = predicted([-1, 0, 1], moving=moving)
    assert err == ""
    east, north = np.ptp(found["ra"]) * np.cos(np.radians(found["dec"][1])), found["dec"][2] - found["dec"][0]
    east = np.copysign(east, found["ra"][2] - found["ra"][0])
    assert found["rate"][1] == pytest.approx(np.hypot(east, north) * 3600 * 30, rel=0.01)
    assert found["pa"][1] == pytest.approx(np.degrees(np.arctan2(east, north)) % 360, abs=0.5)


def test_places_far_apart_say_nothing_about_velocities_and_this_is_said(predicted):
    found, err = predicted([0, 30], moving=False)
    assert "2 rows have a place (obs_x …) but no velocity" in err
    assert abs(found["rate"][0] - predicted([0], moving=True)[0]["rate"][0]) > 1


def test_velocities_follow_from_neighbouring_places():
    """Those of another observer, those too near or too far in time, and those of an unknown time do not count."""
    mjd = START + np.array([0, 7, 7 + 1e-5, 40, 60, 61, 62]) / 1440
    place, velocity = flight(mjd)
    mjd[6] = np.nan
    codes = np.array(["250", "250", "250", "250", "250", "C57", "250"])
    found = velocities_of(mjd, codes, place, np.full((7, 3), np.nan))
    assert np.isnan(found[3:]).all()
    assert found[:3] == pytest.approx(velocity[:3], abs=0.08)


def test_a_place_on_the_ground_turns_with_the_earth():
    nothing = np.full((1, 3), np.nan)
    velocity = velocities_of(np.array([START]), np.array(["270"]), np.array([[0, 5500.0, 3000]]), nothing)
    assert velocity == pytest.approx(np.array([[-0.40106, 0, 0]]), abs=1e-4)
