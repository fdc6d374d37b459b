"""Maps of the whole sky agree with astropy and matplotlib."""

import numpy as np
import pytest
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord
from matplotlib.projections.geo import MollweideAxes

from ml.sky.all_sky_maps import from_ecliptic, mollweide, to_ecliptic

RANDOM = np.random.default_rng(3)
LON = RANDOM.uniform(0, 360, 500)
LAT = np.degrees(np.arcsin(RANDOM.uniform(-1, 1, 500)))


def test_the_ecliptic_is_astropys():
    expected = SkyCoord(LON, LAT, unit="deg").transform_to(BarycentricMeanEcliptic())
    lon, lat = to_ecliptic(LON, LAT)
    apart = SkyCoord(lon, lat, unit="deg").separation(SkyCoord(expected.lon, expected.lat)).arcsec
    assert apart.max() < 0.1  # J2000 and ICRS differ by some 0.02″
    assert np.array(from_ecliptic(lon, lat)) == pytest.approx(np.array([LON, LAT]), abs=1e-9)


def test_the_projection_is_matplotlibs():
    expected = MollweideAxes.MollweideTransform(100).transform(np.radians(np.column_stack([LON - 180, LAT])))
    x, y = mollweide(LON, LAT)
    assert -x * np.sqrt(2) == pytest.approx(expected[:, 0], abs=1e-3)
    assert y * np.sqrt(2) == pytest.approx(expected[:, 1], abs=1e-3)


def test_the_edges_of_the_map():
    lon, lat = np.array([0.0, 360, 180, 90, 0]), np.array([0.0, 0, 90, -90, 89.9999])
    x, y = mollweide(lon, lat)
    assert x == pytest.approx([2, -2, 0, 0, 0], abs=0.01)
    assert y == pytest.approx([0, 0, 1, -1, 1], abs=1e-3)


def test_unknown_places_stay_unknown():
    assert np.isnan(mollweide(np.array([np.nan, 10]), np.array([0, np.nan]))).any(0).all()
    assert np.isnan(to_ecliptic(np.array([np.nan]), np.array([0.0]))).all()
