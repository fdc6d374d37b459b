"""Files of the Minor Planet Center, coverage maps and world coordinates from anywhere: read or refused, never worse."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.imaging.wcs import tangent_plane, to_pixels, to_sky
from ml.sky.ades import Block, read_psv, read_xml, write_psv, write_xml
from ml.sky.comet_elements import read_comets
from ml.sky.moc import SKY, BadMoc, read_moc
from ml.sky.mpcorb import read_mpcorb
from ml.sky.obs80 import read_obs80, write_obs80
from tests.unit.fuzz.damage import FUZZ, bounded_memory, damaged, packed, read_or_refused
from tests.unit.sky.test_moc import ASCII, NUNIQ, ORDERS, table
from tests.unit.sky.test_mpcorb import CERES, NEOWISE, REAL

GROUND = "     K19V01E  C2019 11 05.39142 00 22 40.26 +14 16 38.1          19.4 GU     703"
SPACE = "     K19V01E  S2019 11 05.39142 00 22 40.26 +14 16 38.1          19.4 GU     C51"
PLACE = "     K19V01E  s2019 11 05.39142 1 + 1234.5678 - 2345.6789 + 3456.7890         C51"
RECORD = {"trkSub": "W0001", "mode": "CCD", "stn": "703", "obsTime": "2019-11-05T09:23:38.688Z", "ra": "5.667750",
          "dec": "14.277250", "astCat": "Gaia2", "mag": "19.4", "band": "G"}  # fmt: skip
BLOCK = Block([("observatory", [("mpcCode", "703")]), ("measurers", [("name", "A. Person")])], [RECORD, RECORD])
CARDS = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0, "CRVAL2": 5.0, "CRPIX1": 31.0, "CRPIX2": 31.0,
         "CD1_1": -1e-4, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 1e-4}  # fmt: skip
MORE = ("CDELT1", "CDELT2", "PC1_1", "PC2_2", "CROTA2", "LONPOLE", "LATPOLE", "EQUINOX", "RADESYS", "CUNIT1", "PV1_1",
        "PV2_1", "A_ORDER", "A_2_0", "B_ORDER", "B_0_2", "AP_ORDER", "CPDIS1", "DP1.EXTVER", "D2IMDIS1", "WCSAXES",
        "NAXIS", "CTYPE3", "TELESCOP", "CNAME1", "MJD-OBS", "DATE-OBS", "OBSGEO-X", "SPECSYS")  # fmt: skip
VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.integers(-3, 12), st.booleans(), st.just(""), st.just(1e308),
    st.sampled_from(["RA---SIN", "DEC--TPV", "RA---TAN-SIP", "DEC--TAN-SIP", "GLON-CAR", "GLAT-CAR", "RA---XXX", "RA",
                     "FREQ", "LOOKUP", "deg", "m", "FK5", "nonsense", "2019-11-05", "STOKES", "HPLN-TAN"]),
)  # fmt: skip


def text_of(contents):
    return contents.map(lambda content: content.decode(errors="replace"))


@given(text_of(damaged(f"{GROUND}\n{SPACE}\n{PLACE}\n".encode())))
@FUZZ
def test_observations_in_80_columns(text):
    found, bad = read_obs80(text)
    assert all(0 < number <= len(text.splitlines()) for number in bad)
    for each in found:
        assert each.name is not None
        assert len(each.observer) == len(each.degrees) + 1
    again, bad = read_obs80(write_obs80(found))
    assert (again, bad) == (found, [])


@given(text_of(damaged(write_psv(BLOCK).encode())))
@FUZZ
def test_ades_as_psv(text):
    for block in read_or_refused(lambda: read_psv(text), ValueError) or []:
        assert all(isinstance(value, str) for each in block.observations for value in each.values())


@given(damaged(write_xml([BLOCK]), write_xml([BLOCK]).replace(b"<optical>", b"<optical><!-- seen --><?go on?>")))
@FUZZ
def test_ades_as_xml(data):
    blocks = read_or_refused(lambda: read_xml(data), ValueError)
    assert blocks is None or len(read_xml(write_xml(blocks))) == len(blocks)


@pytest.mark.parametrize(
    ("read", "sample"),
    [
        (read_mpcorb, f"{CERES}\n".encode() + REAL.read_bytes()[-2000:]),
        (read_comets, f"{NEOWISE}\n{NEOWISE}\n".encode()),
    ],
)
def test_orbit_catalogues(read, sample, tmp_path: Path):
    path = tmp_path / "orbits"

    @given(st.one_of(damaged(sample), packed(damaged(sample))))
    @FUZZ
    def is_read_or_refused(content):
        path.write_bytes(content)
        catalogue = read_or_refused(lambda: read(path), ValueError)
        if catalogue is None:
            return
        orbits = catalogue.orbits
        assert len(orbits.name) == len(orbits) == len(orbits.p)
        assert np.isfinite([orbits.epoch, orbits.perihelion, orbits.eccentricity, orbits.perihelion_time]).all()
        assert np.isfinite([orbits.p, orbits.q]).all()

    is_read_or_refused()


@given(damaged(ASCII.encode(), json.dumps(ORDERS).encode(), table(NUNIQ, "1K", ORDERING="NUNIQ", MOCORDER=29)))
@FUZZ
def test_coverage_maps(content):
    ranges = read_or_refused(lambda: read_moc(content), BadMoc)
    if ranges is not None:
        assert ranges.min() >= 0
        assert ranges.max() <= SKY
        assert (np.diff(ranges.ravel()) > 0).all()


@given(st.dictionaries(st.sampled_from([*CARDS, *MORE]), VALUES, max_size=5))
@FUZZ
def test_world_coordinates(changes):
    cards = CARDS | changes
    with bounded_memory():
        plane = tangent_plane(cards, 64, 64)
        assert plane is None or set(plane) == {"ra", "dec", "x", "y", "cd"}
        json.dumps(plane)
        for place in to_sky(cards, [0, 31.0], [0, 31.0]), to_pixels(cards, 10.0, 5.0):
            assert place is None or place.shape[0] == 2
