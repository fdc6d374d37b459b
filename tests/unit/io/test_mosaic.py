"""Cutouts from mosaics at the positions of a catalogue."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

RA, DEC = 150.0, 20.0
SCALE = 1 / 3600


def cards(x=300.0, y=200.0, turn=0.0):
    """Return a WCS with (RA, DEC) at pixel (x, y), counted from 1."""
    c, s = np.cos(turn) * SCALE, np.sin(turn) * SCALE
    return {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": RA, "CRVAL2": DEC, "CRPIX1": x, "CRPIX2": y,
        "CD1_1": -c, "CD1_2": s, "CD2_1": s, "CD2_2": c,
    }  # fmt: skip


@pytest.fixture
def mosaic(sky_noise):
    return sky_noise(400, 600)


def place(wcs, x, y):
    ra, dec = WCS(fits.Header(list(wcs.items()))).all_pix2world(x, y, 0)
    return {"ra": float(ra), "dec": float(dec)}


def catalogue(*places, size=21, image="m.fits", **cells):
    return [{"external_id": f"s{n}", "image": image, "cutout_size": size} | at | cells for n, at in enumerate(places)]


def test_a_cutout_is_centred_on_its_position_and_keeps_the_wcs(mosaic, write_fits, write_manifest, subjects):
    wcs = cards(turn=0.5)
    write_fits("m.fits", mosaic, **wcs)
    rows = catalogue(place(wcs, 100, 50), place(wcs, 431.2, 298.9))
    for subject, (x, y) in zip(subjects(write_manifest(*rows)), [(100, 50), (431, 299)], strict=True):
        frame = subject.frames[0]
        np.testing.assert_array_equal(frame.pixels[0], mosaic[y - 10 : y + 11, x - 10 : x + 11])
        found = WCS(fits.Header(list(frame.wcs.items()))).all_world2pix(subject.ra, subject.dec, 0)
        assert np.hypot(*(np.array(found) - 10)) < 0.5
        assert subject.kind == "stamp"


def test_beyond_the_edge_there_is_nothing(mosaic, write_fits, write_manifest, subjects, complaint):
    wcs = cards()
    write_fits("m.fits", mosaic, **wcs)
    (subject,) = subjects(write_manifest(*catalogue(place(wcs, 2, 398))))
    pixels = subject.frames[0].pixels[0]
    assert np.isnan(pixels[:, :8]).all()
    assert np.isnan(pixels[12:]).all()
    np.testing.assert_array_equal(pixels[:12, 8:], mosaic[388:400, 0:13])
    assert WCS(fits.Header(list(subject.frames[0].wcs.items()))).all_pix2world(10, 10, 0)[0] == pytest.approx(
        subject.ra
    )
    bad = complaint(write_manifest(*catalogue(place(wcs, 610, 20))))
    assert "does not contain" in bad.reason
    assert bad.image == "m.fits"


@pytest.mark.parametrize(
    "change",
    [
        {"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN"},
        {"EQUINOX": 1950.0},
        {"CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN", "CRVAL1": DEC, "CRVAL2": RA},
    ],
)
def test_a_position_is_found_in_a_mosaic_of_other_coordinates(change, mosaic, write_fits, write_manifest, subjects):
    wcs = cards(turn=0.5) | change
    write_fits("m.fits", mosaic, **wcs)
    at = WCS(fits.Header(list(wcs.items()))).pixel_to_world(100, 50).icrs
    (subject,) = subjects(write_manifest(*catalogue({"ra": float(at.ra.deg), "dec": float(at.dec.deg)})))
    np.testing.assert_array_equal(subject.frames[0].pixels[0], mosaic[40:61, 90:111])


def test_a_position_far_from_a_distorted_mosaic_is_outside(mosaic, write_fits, write_manifest, complaint):
    bent = {
        "CTYPE1": "RA---TAN-SIP",
        "CTYPE2": "DEC--TAN-SIP",
        "A_ORDER": 2,
        "B_ORDER": 2,
        "A_2_0": 3e-5,
        "B_0_2": 3e-5,
    }
    write_fits("m.fits", mosaic, **(cards() | bent))
    assert "does not contain" in complaint(write_manifest(*catalogue({"ra": RA + 60, "dec": DEC}))).reason


def test_tiles_and_detectors(mosaic, write_manifest, subjects, tmp_path):
    wcs, other = cards(), cards(x=1300.0)
    packed = fits.CompImageHDU(mosaic, fits.Header(list(wcs.items())), compression_type="GZIP_1", quantize_level=0)
    fits.HDUList([fits.PrimaryHDU(), packed]).writeto(tmp_path / "m.fits.fz")
    two = [fits.ImageHDU(mosaic * n, fits.Header(list(each.items())), name="SCI") for n, each in ((1, other), (2, wcs))]
    fits.HDUList([fits.PrimaryHDU(), *two]).writeto(tmp_path / "two.fits")
    at = place(wcs, 100, 50)
    rows = catalogue(at, image="m.fits.fz") + catalogue(at, image="two.fits")
    rows[1]["external_id"] = "two"
    tiles, detector = subjects(write_manifest(*rows))
    np.testing.assert_array_equal(tiles.frames[0].pixels[0], mosaic[40:61, 90:111])
    np.testing.assert_array_equal(detector.frames[0].pixels[0], 2 * mosaic[40:61, 90:111])


def test_a_tracklet_from_four_mosaics(write_fits, write_manifest, subjects, sky_noise):
    for n in range(1, 5):
        write_fits(f"m{n}.fits", sky_noise(100, 100, seed=n), MJD_OBS=60000.1 + n / 100, **cards(x=40.0 + n, y=50.0))
    images = {f"image{n}": f"m{n}.fits" for n in range(1, 5)}
    (subject,) = subjects(
        write_manifest({"external_id": "t", "kind": "tracklet", "ra": RA, "dec": DEC, "cutout_size": 11} | images)
    )
    assert subject.block().shape == (4, 1, 11, 11)
    np.testing.assert_array_equal(subject.block()[2, 0], sky_noise(100, 100, seed=3)[44:55, 37:48])


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"cutout_size": "2"}, "`cutout_size` is “2”"),
        ({"cutout_size": "9" * 30}, "`cutout_size` is"),
        ({"ra": "", "dec": ""}, "says not where"),
        ({"image": "bare.fits"}, "has no WCS"),
    ],
)
def test_what_cannot_be_cut_out(cells, said, mosaic, write_fits, write_manifest, complaint):
    write_fits("m.fits", mosaic, **cards())
    write_fits("bare.fits", mosaic)
    assert said in complaint(write_manifest(catalogue({"ra": RA, "dec": DEC})[0] | cells)).reason
