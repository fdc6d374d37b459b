"""Synthetic target pixel files in the mission's format."""

import gzip

import numpy as np
import pytest
from astropy.time import Time

from tests.unit.io.target_pixels import flux, target_pixels


@pytest.fixture
def write_target(tmp_path):
    def write(n=5, *, name="tpf.fits", drop=None, times=None):
        path = tmp_path / name
        path.write_bytes(target_pixels(n, drop, times))
        return path, flux(n)

    return write


def test_fluxes_are_a_cube_over_time_at_the_spacecraft_in_utc(write_target, subjects):
    path, flux = write_target()
    (subject,) = subjects(path)
    assert subject.kind == "cube"
    np.testing.assert_array_equal(subject.block(), flux[:, None])
    frame = subject.frames[2]
    barycentric = Time(2457000 + 1325.3 + 2 / 72, format="jd", scale="tdb").utc.mjd
    assert (frame.mjd_mid - barycentric) * 86400 == pytest.approx(-100, abs=0.01)
    assert frame.mjd_keyword == "TIME - TIMECORR, TDB to UTC"
    assert frame.exptime == pytest.approx(120 * 0.792)
    assert frame.wcs["CRVAL1"] == 63.4


def test_a_cadence_without_a_time_has_none(write_target, subjects):
    path, _ = write_target(times=np.array([1.0, np.nan, 3.0, 4.0, 5.0]))
    (subject,) = subjects(path)
    assert [frame.mjd_mid is None for frame in subject.frames] == [False, True, False, False, False]


def test_gzipped_target_pixels(write_target, subjects, tmp_path):
    path, flux = write_target()
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "tpf.fits.gz").write_bytes(gzip.compress(path.read_bytes()))
    (subject,) = subjects(tmp_path / "packed")
    np.testing.assert_array_equal(subject.block(), flux[:, None])


def test_a_column_that_is_missing_is_named(write_target, complaint):
    path, _ = write_target(drop="TIMECORR")
    assert "has no column TIMECORR" in complaint(path).reason
