"""Two-body motion against conserved quantities, closed formulas, and itself across eccentricities."""

import numpy as np
import pytest

from ml.sky.advance import osculating
from ml.sky.orbits import Orbits
from ml.sky.solar_system import GM_SUN
from ml.sky.two_body import eccentric_anomaly, states


def orbits(perihelion, e, n=1, time=60000.0):
    unknown = np.full(n, np.nan)
    axes = np.tile(np.eye(3)[:2], (n, 1, 1))
    filled = (np.full(n, value, float) for value in (perihelion, e, time))
    return Orbits(np.full(n, b"x"), np.full(n, 60000.0), *filled, axes[:, 0], axes[:, 1], *[unknown] * 5)


@pytest.mark.parametrize("e", [0.0, 0.1, 0.6, 0.9, 0.97])
def test_keplers_equation_is_solved(e):
    mean = np.linspace(-np.pi, np.pi, 2001)
    anomaly = eccentric_anomaly(mean + 2 * np.pi * 7, np.full(2001, e))
    assert anomaly - e * np.sin(anomaly) == pytest.approx(mean, abs=1e-9)


@pytest.mark.parametrize("e", [0.0, 0.3, 0.97, 0.985, 0.9999999, 1.0, 1.0000001, 1.5, 6.0])
@pytest.mark.parametrize("days", [-4000.0, -30.0, -0.01, 0.0, 1.0, 700.0])
def test_energy_and_angular_momentum_are_those_of_the_elements(e, days):
    [place], [speed] = states(orbits(0.8, e), 60000 + days)
    energy = speed @ speed / 2 - GM_SUN / np.linalg.norm(place)
    assert energy == pytest.approx(-GM_SUN * (1 - e) / 0.8 / 2, abs=1e-12)
    assert np.cross(place, speed)[2] == pytest.approx(np.sqrt(GM_SUN * 0.8 * (1 + e)), rel=1e-9)
    assert np.sign(place[1]) == np.sign(days) or e < 1 or not days


@pytest.mark.parametrize("e", [0.5, 0.9799999, 0.9800001, 1.0, 2.0])
def test_velocity_is_the_slope_of_position(e):
    orbit, step = orbits(1.1, e), 1e-3
    ahead, behind = (states(orbit, 60200.0 + sign * step)[0][0] for sign in (1, -1))
    assert (ahead - behind) / (2 * step) == pytest.approx(states(orbit, 60200.0)[1][0], rel=1e-6)


def test_a_parabola_obeys_barkers_equation():
    [place], _ = states(orbits(1.0, 1.0), 60100.0)
    tangent = np.tan(np.arctan2(place[1], place[0]) / 2)
    assert tangent + tangent**3 / 3 == pytest.approx(np.sqrt(GM_SUN / 2) * 100, rel=1e-10)


def test_both_formulas_meet():
    below, above = (states(orbits(0.9, e), 60321.0)[0][0] for e in (0.98 - 1e-12, 0.98))
    assert below == pytest.approx(above, abs=1e-7)


@pytest.mark.parametrize("e", [0.0, 0.2, 0.9])
def test_elements_of_a_state_give_the_state_back(e):
    orbit = orbits(1.3, e)
    before = states(orbit, 60500.0)
    again = osculating(orbit, *before, 60500.0)
    assert again.perihelion == pytest.approx(1.3, rel=1e-9)
    for one, other in zip(before, states(again, 60500.0), strict=True):
        assert one == pytest.approx(other, abs=1e-11)
    assert states(orbit, 60600.0)[0] == pytest.approx(states(again, 60600.0)[0], abs=1e-9)
