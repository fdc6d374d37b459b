"""Sky positions of pixels, against astropy with the same cards."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from ml.imaging.wcs import tangent_plane, to_pixels, to_sky

TAN = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 0.001, "CRVAL2": -88.0, "CRPIX1": -200.5, "CRPIX2": 33.0,
    "CDELT1": -5e-4, "CDELT2": 5e-4, "PC1_1": 0.8, "PC1_2": -0.6, "PC2_1": 0.6, "PC2_2": 0.8,
}  # fmt: skip
CD = {"CD1_1": -4e-4, "CD1_2": 3e-4, "CD2_1": 3e-4, "CD2_2": 4e-4}
SIP = {
    "CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "A_ORDER": 2, "B_ORDER": 2, "A_2_0": 2e-5, "B_0_2": -3e-5,
}  # fmt: skip
SKIES = {
    "PC": TAN,
    "CD": {key: value for key, value in TAN.items() if not key.startswith(("CDELT", "PC"))} | CD,
    "SIP": TAN | SIP,
    "galactic": TAN | {"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN", "CRVAL2": 20.0},
    "another projection": TAN | {"CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "CRVAL2": 10.0},
    "of 1950": TAN | {"CRVAL2": 20.0, "EQUINOX": 1950.0},
    "of the night": TAN | {"CRVAL2": 20.0, "RADESYS": "FK5", "EQUINOX": 2019.6},
    "declination first": TAN | {"CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN", "CRVAL1": 20.0, "CRVAL2": 30.0},
    "without CDELT": {key: value for key, value in TAN.items() if not key.startswith(("CDELT", "PC"))}
    | {key.replace("CD", "PC"): value for key, value in CD.items()},
    "rotated": {key: value for key, value in TAN.items() if not key.startswith("PC")} | {"CROTA2": 30.0},
}


def gnomonic(plane, x, y):
    """Apply `tangent_plane` as a browser does: an inverse gnomonic projection."""
    east, north = np.radians(np.array(plane["cd"]) @ [x - plane["x"], y - plane["y"]])
    dec = np.radians(plane["dec"])
    ra = np.radians(plane["ra"]) + np.arctan2(east, np.cos(dec) - north * np.sin(dec))
    up = np.arctan2(
        np.cos(ra - np.radians(plane["ra"])) * (north * np.cos(dec) + np.sin(dec)),
        np.cos(dec) - north * np.sin(dec),
    )
    return np.degrees(ra) % 360, np.degrees(up)


def arcsec(ra, dec, other_ra, other_dec):
    turn = (ra - other_ra + 180) % 360 - 180
    return 3600 * np.hypot(turn * np.cos(np.radians(dec)), dec - other_dec)


@pytest.mark.parametrize("cards", SKIES.values(), ids=SKIES)
def test_pixels_count_from_0_and_agree_with_astropy(cards):
    x, y = np.array([0, 62.0]), np.array([0, 12.5])
    expected = WCS(fits.Header(cards)).pixel_to_world(x, y).icrs
    ra, dec = to_sky(cards, x, y)
    np.testing.assert_allclose([ra, dec], [expected.ra.deg, expected.dec.deg], atol=1e-9)
    np.testing.assert_allclose(to_pixels(cards, ra, dec), [x, y], atol=1e-3)


@pytest.mark.parametrize("cards", SKIES.values(), ids=SKIES)
def test_the_tangent_plane_of_a_stamp_is_right_to_a_fifth_of_a_pixel(cards):
    plane = tangent_plane(cards, 63, 63)
    for x, y in [(0, 0), (31, 31), (62, 10)]:
        expected = WCS(fits.Header(cards)).pixel_to_world(x, y).icrs
        assert arcsec(*gnomonic(plane, x, y), expected.ra.deg, expected.dec.deg) < 0.2 * 1.8


@pytest.mark.parametrize(
    "cards",
    [
        {},
        {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"} | dict.fromkeys(CD, 0.0) | {"CRVAL1": 1.0, "CRVAL2": 2.0},
        TAN | {"CRVAL1": "east"},
        TAN | {"CRPIX1": float("inf")},
        {"CTYPE1": "TIME", "CTYPE2": "FREQ"},
    ],
)
def test_cards_that_lead_nowhere_give_no_position(cards):
    assert tangent_plane(cards, 63, 63) is None
