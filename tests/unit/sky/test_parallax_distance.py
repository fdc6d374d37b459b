"""Distances from curved trails, seen from a simulated Hubble orbit and from the turning Earth."""

import csv
import io

import numpy as np
import pytest

from ml.__main__ import main
from ml.sky.parallax_distance import fit_parallax
from ml.sky.tangent_plane import ARCSEC, east_north, positions
from tests.unit.sky.curved_trails import hubble, trail

RMS = 0.03


def noisy(directions, random):
    return directions + random.normal(0, np.radians(RMS / 3600), directions.shape)


def fit(mjd, directions, observer):
    rms = np.full(len(mjd), RMS)
    return fit_parallax(mjd, directions / np.linalg.norm(directions, axis=1)[:, None], (rms, rms, 0 * rms), observer)


@pytest.mark.parametrize("distance", [0.05, 0.5, 1.5, 3.0])
def test_a_perfect_trail_gives_its_distance(distance):
    found = fit(*trail(distance))
    assert found.distance == pytest.approx(distance, rel=0.005)
    assert found.chi2 < found.straight_chi2 / 1000


def test_formal_errors_are_the_monte_carlo_scatter():
    random = np.random.default_rng(0)
    mjd, directions, observer = trail(1.5)
    found = [fit(mjd, noisy(directions, random), observer) for _ in range(4000)]
    parallax = np.array([each.parallax for each in found])
    assert parallax.std() == pytest.approx(found[0].parallax_error, rel=0.05)
    assert parallax.mean() == pytest.approx(1 / 1.5, abs=4 * parallax.std() / np.sqrt(4000) + 0.003)
    assert np.mean([each.chi2 for each in found]) == pytest.approx(found[0].dof, rel=0.05)
    assert found[0].distance_error / 1.5 < 0.05  # a trail of 35 minutes measures a main-belt distance to 5 %


def test_errors_that_differ_by_direction_and_are_correlated_weigh_each_detection():
    random = np.random.default_rng(4)
    mjd, directions, observer = trail(1.5)
    east, north = east_north(directions)
    rms_ra, rms_dec = np.where(np.arange(len(mjd)) % 2, 0.01, 0.2), np.full(len(mjd), 0.05)
    errors = (rms_ra, rms_dec, np.full(len(mjd), 0.8))
    mix = np.linalg.cholesky([[1, 0.8], [0.8, 1]])
    parallax, chi2 = [], []
    for _ in range(1500):
        off = random.normal(size=(len(mjd), 2)) @ mix.T * np.stack([rms_ra, rms_dec], axis=1) / ARCSEC
        seen = directions + off[:, :1] * east + off[:, 1:] * north
        found = fit_parallax(mjd, seen / np.linalg.norm(seen, axis=1)[:, None], errors, observer)
        parallax.append(found.parallax)
        chi2.append(found.chi2)
    assert np.std(parallax) == pytest.approx(found.parallax_error, rel=0.06)
    assert np.mean(chi2) == pytest.approx(found.dof, rel=0.05)


def test_the_turning_earth_does_it_too():
    mjd, directions, observer = trail(0.3, minutes=300, space=False)
    assert fit(mjd, directions, observer).distance == pytest.approx(0.3, rel=0.05)


def test_a_distant_object_has_only_a_least_distance():
    mjd, directions, observer = trail(200.0)
    found = fit(mjd, noisy(directions, np.random.default_rng(1)), observer)
    assert found.parallax < 3 * found.parallax_error
    assert 1 < found.nearest < 200


@pytest.mark.parametrize(("rows", "said"), [(slice(2), "three detections"), (slice(0), "three detections")])
def test_too_few_detections_are_refused(rows, said):
    mjd, directions, observer = trail(1.0)
    with pytest.raises(ValueError, match=said):
        fit(mjd[rows], directions[rows], observer[rows])


def test_an_antipode_is_refused():
    mjd, directions, observer = trail(1.0)
    directions[4] = -directions[4]
    with pytest.raises(ValueError, match="90° or more"):
        fit(mjd, directions, observer)


def test_a_straight_observer_is_refused():
    mjd, directions, observer = trail(1.0)
    straight = observer[:1] + (mjd - mjd[0])[:, None] * np.array([0.01, 0.0, 0.0])
    with pytest.raises(ValueError, match="straight"):
        fit(mjd, directions, straight)


def test_two_places_at_one_time_fit_no_distance():
    mjd, directions, observer = trail(1.5, n=4)
    mjd[3] = mjd[2]
    found = fit(mjd, directions, observer)
    assert found.straight_chi2 > found.chi2 > found.straight_chi2 / 2
    assert (found.is_unfit, found.complaint) == (True, "no distance fits: the detections do not move uniformly")


def test_a_near_object_has_a_distance_though_it_changes_meanwhile():
    found = fit(*trail(0.05, minutes=90, space=False))
    assert found.chance < 1e-6
    assert (found.is_unfit, found.complaint) == (False, "")
    assert found.distance == pytest.approx(0.05, rel=0.1)


def test_the_command_reads_a_spacecrafts_places(tmp_path, capsys):
    rows = []
    for name, au in (("t", 1.5), ("far", 1e6)):
        mjd, directions, _ = trail(au)
        rows += [
            f"{name},{m:.9f},{a:.8f},{d:.8f},{x:.3f},{y:.3f},{z:.3f}"
            for m, a, d, (x, y, z) in zip(mjd, *positions(directions), hubble(mjd), strict=True)
        ]
    twice = [row.replace("t,", "twice,", 1) for row in rows[:3]]
    twice.append(",".join([*twice[-1].split(",")[:2], *rows[3].split(",")[2:]]))
    (tmp_path / "d.csv").write_text(
        "\n".join(["tracklet,mjd,ra,dec,obs_x,obs_y,obs_z", *rows, *twice, "lone,60000,1,1,1,2,3", ""])
    )
    assert main(["distance", "--data", str(tmp_path / "d.csv"), "--rms", "0.03"]) == 0
    found, far, twice, lone = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert float(found["distance"]) == pytest.approx(1.5, rel=0.01)
    assert found["problem"] == ""
    assert (far["distance"], far["distance_error"]) == ("", "")
    assert float(far["nearest"]) > 3
    assert "only the least distance" in far["problem"]
    assert (twice["distance"], twice["nearest"], twice["dof"]) == ("", "", "3")
    assert "no distance fits" in twice["problem"]
    assert "three detections" in lone["problem"]
