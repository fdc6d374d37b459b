"""Known objects on real detections: asteroids that ZTF names are where JPL's elements of two years later put them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ml.sky.known_objects import match
from ml.sky.mpcorb import read_mpcorb
from ml.sky.observatories import read_observatories
from ml.sky.observers import observers_at
from ml.sky.packed import unpack_designation
from ml.sky.sweep import Sweep
from ml.sky.tangent_plane import unit_vectors

pytestmark = pytest.mark.real

ELEMENTS = Path(__file__).with_name("ztf_asteroids.mpcorb")
HALF_EXPOSURE = 15 / 86_400


@pytest.fixture(scope="module")
def orbits():
    return read_mpcorb(ELEMENTS).orbits


@pytest.fixture(scope="module")
def named(shared_data, orbits):
    """Detections of the asteroids whose elements are known."""
    rows = pd.read_parquet(shared_data / "tracklets" / "ztf-trajectories.parquet")
    numbers = {str(unpack_designation(name.decode())) for name in orbits.name}
    return rows[rows["ssnamenr"].isin(numbers)].reset_index(drop=True)


def test_named_asteroids_are_found_and_nothing_else_is(named, orbits):
    utc = named["jd"].to_numpy() - 2_400_000.5 + HALF_EXPOSURE
    somewhere = np.full((len(named), 3), np.nan)
    observers, problems = observers_at(utc, np.full(len(named), "I41"), somewhere, read_observatories(), "I41")
    places = unit_vectors(named["ra"].to_numpy(), named["dec"].to_numpy())
    found = match(Sweep(orbits), observers, places, np.full(len(named), 0.1), radius=5.0)
    detection, orbit, apart, days, magnitude = (
        np.concatenate([getattr(each, name) for each in found])
        for name in ("detection", "orbit", "separation", "days", "magnitude")
    )
    says = [str(unpack_designation(name.decode())) for name in orbits.name[orbit]]
    fainter = magnitude - named["magpsf"].to_numpy()[detection]
    print(
        f"{len(detection)} of {len(named)} detections of {len(orbits)} asteroids, {-np.median(days):.0f} days from the"
        f" elements: median {np.median(apart):.3f}″, 99 % {np.percentile(apart, 99):.2f}″; V {np.median(fainter):+.2f}"
    )
    assert problems == []
    assert says == named["ssnamenr"].to_numpy()[detection].tolist()
    assert sorted(detection) == list(range(len(named)))
    assert np.median(apart) < 0.15
    assert np.percentile(apart, 99) < 1.0
    assert abs(np.median(fainter)) < 0.3
