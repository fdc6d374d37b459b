"""Where a spacecraft is during an exposure, from its place and velocity at one time."""

import numpy as np
import pytest

from ml.sky.observer_path import observer_path
from ml.sky.solar_system import AU_KM, earth, tdb
from ml.sky.spacecraft_orbit import FLATTENING, GM_EARTH, spacecraft_places

MJD, RADIUS = 60000.5, 6917.0
PERIOD = 2 * np.pi * np.sqrt(RADIUS**3 / GM_EARTH) / 86400  # days
PLACE, VELOCITY = np.array([RADIUS, 0, 0]), np.array([0, 0.8, 0.6]) * np.sqrt(GM_EARTH / RADIUS)


def energy(state):
    """Return the energy per mass on an orbit around a flattened Earth, km²/s²."""
    radius = np.linalg.norm(state[:3])
    bulge = 1 - FLATTENING * (6378.137 / radius) ** 2 * (1.5 * (state[2] / radius) ** 2 - 0.5)
    return state[3:] @ state[3:] / 2 - GM_EARTH / radius * bulge


def test_places_before_and_after_are_on_one_orbit():
    when = MJD + PERIOD * np.array([0.25, -0.25, 0.0, 0.5, -0.5])
    places = spacecraft_places(PLACE, VELOCITY, MJD, when)
    circle = RADIUS * np.array([[0, 0.8, 0.6], [0, -0.8, -0.6], [1, 0, 0], [-1, 0, 0], [-1, 0, 0]])
    assert np.linalg.norm(places - circle, axis=1) == pytest.approx(0, abs=60)  # km: the Earth is flattened
    assert places[2] == pytest.approx(PLACE, abs=1e-6)


def test_the_flattened_earth_takes_no_energy():
    step = 1e-3
    at = MJD + PERIOD * np.array([0.3, 0.3 + step])
    one, other = spacecraft_places(PLACE, VELOCITY, MJD, at)
    state = np.concatenate([(one + other) / 2, (other - one) / (step * PERIOD * 86400)])
    assert energy(state) == pytest.approx(energy(np.concatenate([PLACE, VELOCITY])), rel=2e-5)


@pytest.mark.parametrize(
    ("place", "velocity", "hours", "said"),
    [
        (PLACE / 6917, VELOCITY, 0.1, "inside the Earth"),
        (PLACE, VELOCITY * np.nan, 0.1, "not known"),
        (PLACE, VELOCITY, 7, "six hours"),
    ],
)
def test_what_cannot_be_flown_is_refused(place, velocity, hours, said):
    with pytest.raises(ValueError, match=said):
        spacecraft_places(place, velocity, MJD, np.array([MJD + hours / 24]))


def test_the_path_is_the_spacecrafts_or_else_the_observatorys():
    unknown = [np.nan] * 3
    home = earth(tdb(np.array([MJD])))[0]
    flown = observer_path(MJD, PLACE, VELOCITY, "I41")(np.array([MJD])) - home
    assert flown[0] * AU_KM == pytest.approx(PLACE, abs=0.1)
    ground = observer_path(MJD, PLACE, unknown, "I41")(np.array([MJD, MJD + 0.5])) - home
    assert np.linalg.norm(ground[0]) * AU_KM == pytest.approx(6372, abs=15)


@pytest.mark.parametrize(("code", "said"), [("", "obs_vx"), ("ZZZ", "obs_vx"), ("250", "no fixed place")])
def test_an_unknown_place_is_refused(code, said):
    with pytest.raises(ValueError, match=said):
        observer_path(MJD, [np.nan] * 3, [np.nan] * 3, code)
