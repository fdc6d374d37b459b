"""The parallax of one trail, from its shape alone, seen from a simulated Hubble orbit."""

import numpy as np
import pytest

from ml.sky.solar_system import AU_KM, earth, tdb
from ml.sky.trail_parallax import fit_trail_parallax
from tests.unit.sky.curved_trails import hubble, trail

RMS = 0.02
POINTS = 16


def path(mjd):
    return earth(tdb(mjd))[0] + hubble(mjd) / AU_KM


def fit(distance, *, minutes=35, noise=None, back=False, change=None):
    """Fit a trail; the times of its inner points are not given."""
    mjd, directions, _ = trail(distance, minutes=minutes, n=POINTS)
    if noise is not None:
        directions = directions + noise.normal(0, np.radians(RMS / 3600), directions.shape)
    if change is not None:
        directions = change(directions)
    directions = directions / np.linalg.norm(directions, axis=1)[:, None]
    ordered = directions[::-1] if back else directions
    return fit_trail_parallax(ordered, np.full((POINTS, 2), RMS), (mjd[0], mjd[-1]), path)


@pytest.mark.parametrize("distance", [0.05, 0.5, 1.5, 3.0])
@pytest.mark.parametrize("back", [False, True])
def test_the_shape_alone_gives_the_distance(distance, back):
    found = fit(distance, back=back)
    assert found.fit.distance == pytest.approx(distance, rel=0.005)
    assert found.begins_at_first is not back
    assert found.fit.chi2 < found.fit.straight_chi2 / 1000
    assert found.fit.dof == POINTS - 3


def test_formal_errors_are_the_monte_carlo_scatter():
    random = np.random.default_rng(0)
    found = [fit(1.5, noise=random).fit for _ in range(400)]
    parallax = np.array([each.parallax for each in found])
    assert parallax.std() == pytest.approx(found[0].parallax_error, rel=0.1)
    assert parallax.mean() == pytest.approx(1 / 1.5, abs=4 * parallax.std() / np.sqrt(400) + 0.001)
    assert np.mean([each.chi2 for each in found]) == pytest.approx(POINTS - 3, rel=0.1)


def test_in_a_short_exposure_either_end_may_be_the_first():
    random = np.random.default_rng(1)
    found = fit(1.5, minutes=8, noise=random)
    assert found.reversed.chi2 - found.fit.chi2 < 9
    assert abs(found.reversed.parallax - 1 / 1.5) < 4 * found.reversed.parallax_error


def test_a_star_on_the_trail_is_left_out():
    def shifted(directions):
        away = np.cross(directions[6], directions[7] - directions[5])
        moved = directions.copy()
        moved[6] += away / np.linalg.norm(away) * np.radians(1 / 3600)
        return moved

    found = fit(1.5, noise=np.random.default_rng(2), change=shifted)
    assert found.dropped == 1
    assert found.fit.distance == pytest.approx(1.5, abs=4 * found.fit.distance_error)


def test_a_far_object_has_only_a_least_distance():
    found = fit(300.0, noise=np.random.default_rng(3)).fit
    assert found.parallax < 3 * found.parallax_error
    assert 1 < found.nearest < 300


def test_a_trail_that_bends_the_wrong_way_has_no_distance():
    mjd, directions, _ = trail(1.5, n=POINTS)
    found = fit_trail_parallax(
        directions, np.full((POINTS, 2), RMS), (mjd[0], mjd[-1]), lambda when: 2 * earth(tdb(when))[0] - path(when)
    )
    assert found.fit.is_impossible
    assert "wrong way" in found.fit.complaint


def test_too_few_points_and_a_straight_observer_are_refused():
    mjd, directions, observer = trail(1.5, n=POINTS)
    rms = np.full((POINTS, 2), RMS)
    with pytest.raises(ValueError, match="5 points"):
        fit_trail_parallax(directions[:4], rms[:4], (mjd[0], mjd[-1]), path)
    with pytest.raises(ValueError, match="straight"):
        fit_trail_parallax(
            directions, rms, (mjd[0], mjd[-1]), lambda when: observer[:1] + (when - mjd[0])[:, None] * [0.01, 0.0, 0.0]
        )
