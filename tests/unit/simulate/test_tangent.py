import json

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits

from ml.cli.subject_slabs import Tally
from ml.cubes.crossmatch import KnownTable
from ml.cubes.cube import read_cubes
from ml.imaging.wcs import to_pixels, to_sky
from ml.io.read_subjects import read_subjects
from ml.simulate.hubble.hubble_cutouts import cutout, hubble
from ml.simulate.injection.cube_injection import inject_into
from ml.simulate.rendering.tangent import north_of_ecliptic, tangent
from ml.simulate.tess.tess_cubes import tess

HOUR = 1 / 24


def test_by_default_north_is_up_and_east_is_left():
    cards = tangent(50.0, 10.0, 2.0, (3, 41, 61))
    ra, dec = to_sky(cards, [30.0, 29.0, 30.0], [20.0, 20.0, 21.0])
    assert (ra[0], dec[0]) == pytest.approx((50, 10))
    assert (ra[1] - 50) * 3600 * np.cos(np.radians(10)) == pytest.approx(2, rel=1e-4)
    assert (dec[2] - 10) * 3600 == pytest.approx(2, rel=1e-4)


@pytest.mark.parametrize(("ra", "dec"), [(10.0, 3.0), (100.0, 20.0), (200.0, -12.0), (300.0, -18.0)])
@pytest.mark.parametrize("east", [0.0, 0.3, np.pi])
def test_ecliptic_east_lies_where_it_was_asked_for(ra, dec, east):
    cards = tangent(ra, dec, 21.0, (64, 64), north_of_ecliptic(ra, dec, east))
    x, y = 31.5 + np.array([0, np.cos(east)]), 31.5 + np.array([0, np.sin(east)])
    places = SkyCoord(*to_sky(cards, x, y), unit="deg").transform_to("geocentrictrueecliptic")
    assert np.diff(places.lat.arcsec) == pytest.approx(0, abs=0.05)  # the equinox of J2000 and the mean obliquity
    assert np.diff(places.lon.arcsec) * np.cos(places.lat.rad[0]) == pytest.approx(21, rel=1e-3)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return tess(3, 4, tmp_path_factory.mktemp("tess"), size=48, frames=12, movers=6, unusual=0.0)


def test_movers_of_a_cube_cross_the_sky_as_fast_as_they_are_told_and_backwards_along_the_ecliptic(manifest):
    for record in read_subjects(manifest):
        cards = record.frames[0].wcs
        assert to_sky(cards, 23.5, 23.5) == pytest.approx((record.ra, record.dec), abs=1e-5)
        for thing in json.loads(record.metadata["#objects"]):
            path = SkyCoord(*to_sky(cards, thing["x"], thing["y"]), unit="deg")
            hours = (record.frames[-1].mjd_mid - record.frames[0].mjd_mid) / HOUR
            assert path[0].separation(path[-1]).arcsec / hours == pytest.approx(thing["rate"], rel=0.15, abs=2)
            longitude = path.transform_to("geocentrictrueecliptic").lon.wrap_at(180 * path.ra.unit)
            assert longitude[-1] < longitude[0] or abs((longitude[-1] - longitude[0]).deg) > 90


def test_known_objects_on_the_sky_are_found_where_the_cube_has_them(manifest, tmp_path):
    record, cube = next(iter(read_subjects(manifest))), next(read_cubes(manifest, Tally(), masked=True))
    thing = json.loads(record.metadata["#objects"])[0]
    places = np.transpose(to_sky(record.frames[0].wcs, thing["x"], thing["y"]))
    lines = [f"(1) Ceres,{frame.mjd_mid},{ra},{dec}" for frame, (ra, dec) in zip(record.frames, places, strict=True)]
    table = tmp_path / "known.csv"
    table.write_text("\n".join(["object,mjd,ra,dec", *lines]))
    (found,) = KnownTable(table).of(cube)
    assert found.x == pytest.approx(thing["x"], abs=0.01)
    assert found.y == pytest.approx(thing["y"], abs=0.01)


def test_a_cutout_is_turned_as_the_telescope_is(tmp_path):
    (record,) = read_subjects(hubble(1, 5, tmp_path, size=128))
    cards, seen = record.frames[0].wcs, cutout(np.random.default_rng([5, 0, 0]), 128)
    centre, above = np.transpose(to_sky(cards, [63.5, 63.5], [63.5, 73.5]))
    here, there = SkyCoord(*centre, unit="deg"), SkyCoord(*above, unit="deg")
    assert tuple(centre) == pytest.approx((record.ra, record.dec), abs=1e-5)
    assert here.separation(there).arcsec == pytest.approx(0.5, rel=1e-3)
    assert here.position_angle(there).rad == pytest.approx(seen.pointing.roll, abs=1e-3)


def test_movers_drawn_into_a_real_cube_keep_its_place_on_the_sky(tmp_path):
    cards = tangent(120.0, -60.0, 21.0, (16, 16), 1.0)
    fits.writeto(tmp_path / "real.fits", np.ones((12, 16, 16), np.float32), fits.Header(list(cards.items())))
    (record,) = read_subjects(inject_into(tmp_path / "real.fits", 1, 3, tmp_path / "out"))
    assert record.frames[0].wcs == pytest.approx(cards)
    assert to_pixels(record.frames[0].wcs, 120.0, -60.0) == pytest.approx((7.5, 7.5))
