"""Real observations of 36 years, from 35 observatories, one of them in space, lie on one asteroid's orbit."""

import json
from pathlib import Path

import numpy as np
import pytest

from ml.sky.advance import advance
from ml.sky.known_objects import match
from ml.sky.mpcorb import read_mpcorb
from ml.sky.obs80 import read_obs80
from ml.sky.observatories import read_observatories
from ml.sky.observers import observers_at
from ml.sky.sweep import Sweep
from ml.sky.tangent_plane import unit_vectors

pytestmark = pytest.mark.real

ELEMENTS = Path(__file__).with_name("asteroid_12893.mpcorb")
FITTED_SINCE = 55_000  # MJD
BETWEEN = 100  # days without an observation separate two oppositions


def test_an_asteroids_observations_are_where_its_orbit_leads(shared_data):
    records = json.loads((shared_data / "mpc" / "obs80.dat").read_text())
    found, bad = read_obs80("\n".join(each["original_record"][at : at + 80] for each in records for at in (0, 80)))
    utc, (ra, dec) = np.array([each.time.value for each in found]), np.array([each.degrees for each in found]).T
    codes, places = np.array([each.code for each in found]), np.array([each.observer for each in found])
    orbits, order = read_mpcorb(ELEMENTS).orbits, np.argsort(utc)
    apart = np.full(len(found), np.nan)
    for rows in reversed(np.split(order, np.flatnonzero(np.diff(utc[order]) > BETWEEN) + 1)):
        observers, problems = observers_at(utc[rows], codes[rows], places[rows], read_observatories(), "")
        orbits = advance(orbits, float(utc[rows].mean()))
        sweep = Sweep(orbits)
        for each in match(sweep, observers, unit_vectors(ra[rows], dec[rows]), np.full(len(rows), 0.3), radius=10.0):
            apart[rows[each.detection]] = each.separation
        assert problems == []
    fitted, spacecraft = utc > FITTED_SINCE, np.isfinite(places).all(1)
    medians = [float(np.nanmedian(apart[which])) for which in (fitted, ~fitted, spacecraft)]
    print(
        f"{np.isfinite(apart).sum()} of {len(apart)} observations from {len(set(codes))} observatories within 10″ of"
        f" the orbit; median {medians[0]:.2f}″ where it was fitted, {medians[1]:.2f}″ in the years before, and"
        f" {medians[2]:.2f}″ for {spacecraft.sum()} from space"
    )
    assert bad == []
    assert np.isfinite(apart).all()
    assert medians[0] < 0.5
    assert medians[1] < 1.5
    assert medians[2] < 1.5
