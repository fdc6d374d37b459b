"""Cutouts from a HiPS whose pixels hold their own HEALPix numbers."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

ORDER, WIDTH = 1, 32
DEEP = 2**ORDER * WIDTH  # HEALPix's nside of the pixels


def interleaved(x, y):
    return sum((x >> bit & 1) << 2 * bit | (y >> bit & 1) << 2 * bit + 1 for bit in range(10))


def cell(lon, lat):
    """Return HEALPix's nested number of a place, by Górski et al. 2005, section 5.3 and its Fortran."""
    z, t = np.sin(np.radians(lat)), lon % 360 / 90
    if abs(z) <= 2 / 3:
        down, up = int(DEEP * (0.5 + t - 0.75 * z)), int(DEEP * (0.5 + t + 0.75 * z))
        faces = down // DEEP, up // DEEP
        face = faces[0] % 4 + 4 if faces[0] == faces[1] else faces[0] % 4 if faces[0] < faces[1] else faces[1] % 4 + 8
        return face * DEEP**2 + interleaved(up % DEEP, DEEP - 1 - down % DEEP)
    part, root = t % 1, DEEP * np.sqrt(3 * (1 - abs(z)))
    down, up = min(int(part * root), DEEP - 1), min(int((1 - part) * root), DEEP - 1)
    if z > 0:
        return int(t) * DEEP**2 + interleaved(DEEP - 1 - up, DEEP - 1 - down)
    return (int(t) + 8) * DEEP**2 + interleaved(down, up)


@pytest.fixture
def hips(tmp_path):
    """Write one of the whole sky, in these coordinates; (0, 0) of a tile is its eastern corner."""

    def write(frame="equatorial", tiles=range(48), **properties):
        rows, columns = np.mgrid[:WIDTH, :WIDTH]
        within = interleaved(WIDTH - 1 - rows, columns)
        for number in tiles:
            path = tmp_path / f"sky/Norder{ORDER}/Dir0/Npix{number}.fits"
            path.parent.mkdir(parents=True, exist_ok=True)
            fits.writeto(path, (number * WIDTH**2 + within).astype(np.int32))
        about = {"hips_order": ORDER, "hips_tile_width": WIDTH, "hips_tile_format": "png fits", "hips_frame": frame}
        lines = [f"{name:20}= {value}" for name, value in (about | properties).items()]
        (tmp_path / "sky/properties").write_text("\n".join(lines))

    return write


def catalogue(*places):
    rows = [{"external_id": f"s{n}", "ra": ra, "dec": dec} for n, (ra, dec) in enumerate(places)]
    return [row | {"image": "sky/properties", "cutout_size": 9} for row in rows]


@pytest.mark.parametrize("frame", ["equatorial", "galactic"])
def test_each_pixel_is_the_one_at_its_place(hips, write_manifest, subjects, frame):
    """Also across the borders of tiles and faces, at a pole, and where the image of the sky is cut."""
    hips(frame)
    rng = np.random.default_rng(0)
    places = [(0.01, 0.0), (180.0, 1.0), (45.0, 41.8), (45.0, 89.5), (135.2, -89.7), (224.9, -41.8)]
    places += zip(rng.uniform(0, 360, 10), np.degrees(np.arcsin(rng.uniform(-1, 1, 10))), strict=True)
    for subject in subjects(write_manifest(*catalogue(*places))):
        frame_ = subject.frames[0]
        wcs = WCS(fits.Header(list(frame_.wcs.items())))
        np.testing.assert_allclose(wcs.all_world2pix(subject.ra, subject.dec, 0), 4, atol=1e-6)
        rows, columns = np.mgrid[:9, :9]
        sky = SkyCoord(*wcs.all_pix2world(columns.ravel(), rows.ravel(), 0), unit="deg")
        sky = (sky.galactic if frame == "galactic" else sky).spherical
        expected = [cell(lon, lat) for lon, lat in zip(sky.lon.deg, sky.lat.deg, strict=True)]
        assert np.mean(frame_.pixels[0].ravel() == expected) > 0.97  # a place on an edge may fall to either side
        assert frame_.pixels[0, 4, 4] == expected[40]


def test_where_there_are_no_tiles_there_is_nothing(hips, write_manifest, complaint, subjects):
    hips(tiles=[16, 17, 18, 19])  # the face around (0, 0)
    (subject,) = subjects(write_manifest(*catalogue((43.5, 0.0))))
    is_missing = np.isnan(subject.frames[0].pixels[0])
    assert is_missing[:, 0].any()
    assert not is_missing[4, 4:].any()
    bad = complaint(write_manifest(*catalogue((90.0, 0.0))))
    assert "is not there" in bad.reason
    assert bad.image == "sky/properties"


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        ({"hips_tile_format": "jpeg png"}, "no HiPS with FITS tiles"),
        ({"hips_order": 99}, "they are not read"),
        ({"hips_order": "9" * 5000}, "they are not read"),
        ({"hips_tile_width": 100}, "they are not read"),
        ({"hips_frame": "ecliptic"}, "they are not read"),
        ({"hips_tile_width": 64}, "tile of another size"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(hips, write_manifest, complaint, properties, says):
    hips(**properties)
    assert says in complaint(write_manifest(*catalogue((0.0, 10.0)))).reason
