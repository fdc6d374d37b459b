"""The readers on real files of five surveys. Skipped without ../shared/data."""

from collections import Counter

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from sklearn.metrics import roc_auc_score

from ml.imaging.browser_encoding import raw_frame
from ml.imaging.png import to_png
from ml.io.read_subjects import count, read_subjects
from ml.io.records import BadInput
from ml.storage.pixel_store import PixelStore
from tests.conftest import SHARED_DATA

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("shared_data")]


@pytest.fixture(scope="module")
def night(shared_data):
    return list(read_subjects(shared_data / "ztf-night-20181128"))


def one(path):
    (subject,) = read_subjects(SHARED_DATA / path)
    assert not isinstance(subject, BadInput), str(subject)
    return subject


def test_a_whole_night_of_ztf(night, tmp_path):
    assert count(SHARED_DATA / "ztf-night-20181128") == len(night) == 499
    assert not [str(item) for item in night if isinstance(item, BadInput)]
    assert len({subject.external_id for subject in night}) == 499
    known = [0 <= subject.metadata.get("#ssdistnr", -1) <= 5 for subject in night]
    assert sum(known) == 145
    groups = [
        subject.metadata.get("#ssnamenr") if near else subject.metadata["objectId"]
        for subject, near in zip(night, known, strict=True)
    ]
    assert [subject.object_group for subject in night] == groups
    score = [subject.metadata["#rb"] for subject in night]
    assert roc_auc_score(known, score) == pytest.approx(0.548, abs=0.001)
    store = PixelStore(tmp_path)
    block = np.stack([subject.block() for subject in night])
    name, first = store.append("ztf", block)
    assert (name, first) == ("1x3x63x63-float32", 0)
    assert store.slab("ztf", name, 0, 499).tobytes() == block.tobytes()


def test_rubins_alerts_and_the_flashes_of_a_satellite(shared_data):
    rubin = list(read_subjects(shared_data / "rubin"))
    glints = list(read_subjects(shared_data / "satellite-glints"))
    assert not [str(item) for item in rubin + glints if isinstance(item, BadInput)]
    assert (len(rubin), len(glints)) == (35, 16)
    assert sum("!known object" in subject.metadata for subject in rubin) == 10
    assert {subject.frames[0].mjd_keyword for subject in rubin} == {"midpointMjdTai, TAI to UTC"}
    for subject in rubin:
        frame = subject.frames[0]
        assert frame.pixels.shape[0] == 3
        place = WCS(fits.Header(list(frame.wcs.items()))).world_to_pixel_values(subject.ra, subject.dec)
        middle = (np.array(frame.pixels.shape[:0:-1]) - 1) / 2
        assert np.hypot(*(place - middle)) < 2


def test_ztf_exposures_are_timed_at_their_middle(night):
    starts = Counter(subject.metadata["jd"] for subject in night)
    assert len(starts) == 3
    for subject in night:
        mid = subject.frames[0].mjd_mid + 2400000.5
        assert (mid - subject.metadata["jd"]) * 86400 == pytest.approx(15, abs=1e-4)


def test_clipped_ztf_stamps_keep_the_source_in_the_middle(night):
    """The brightest of the nine central pixels of |difference| stands out, even in clipped stamps."""
    clipped = [subject for subject in night if np.isnan(subject.block()[0, 1]).mean() > 0.03]
    assert len(clipped) >= 7
    for subject in clipped:
        difference = np.abs(subject.block()[0, 0])
        assert np.nanmax(difference[30:33, 30:33]) > np.nanpercentile(difference, 95), subject.external_id


@pytest.mark.parametrize(
    ("path", "kind", "shape", "dtype", "mjd", "keyword"),
    [
        ("cosmic-rays/a8280271.fits", "cutout", (520, 536), "uint16", 56486.040834, "DATE-OBS + UT + EXPTIME/2"),
        ("cosmic-rays/gmos.fits", "stamp", (150, 200), "float32", 58703.030005, "DATE-OBS + TIME-OBS + EXPTIME/2"),
        (
            "trails/satellite-streak.fits",
            "cutout",
            (512, 512),
            "int16",
            52481.817442,
            "DATE-OBS + TIME-OBS + EXPTIME/2",
        ),
        ("trails/palomar-1950-ngc2403.fits.gz", "cutout", (2172, 1448), "uint16", None, ""),
    ],
)
def test_single_fits_of_four_telescopes(path, kind, shape, dtype, mjd, keyword):
    subject = one(path)
    frame = subject.frames[0]
    assert (subject.kind, subject.block().shape, subject.block().dtype) == (kind, (1, 1, *shape), np.dtype(dtype))
    assert frame.mjd_keyword == keyword
    assert frame.mjd_mid == (None if mjd is None else pytest.approx(mjd, abs=1e-6))


def test_the_plate_of_palomar_keeps_its_wcs():
    wcs = one("trails/palomar-1950-ngc2403.fits.gz").frames[0].wcs
    assert wcs["CTYPE1"] == "RA---TAN-SIP"
    assert {"CRVAL1", "CD1_1", "A_ORDER"} <= set(wcs)


def test_target_pixels_of_tess_are_timed_at_the_spacecraft():
    """Sector 1 began at the barycentre at 2018-07-25T19:03:01.260; add half a cadence, take off 77.55 s of travel."""
    subject = one("tess/tess25155310-s01-first-cadences.fits.gz")
    assert (subject.kind, subject.block().shape) == ("cube", (5, 1, 11, 11))
    assert subject.frames[0].mjd_mid == pytest.approx(58324.793561, abs=1e-6)
    assert subject.frames[0].exptime == pytest.approx(95.04, abs=0.01)


def test_target_pixels_of_a_single_cadence_show_no_motion():
    (refused,) = read_subjects(SHARED_DATA / "tess/asteroid_test.fits")
    assert str(refused).endswith("and this has 1. Add or leave out frames, or change `kind`.")


def test_colour_frames_of_sloan_are_three_channels_and_can_be_drawn_and_sent():
    subject = one("trails/sdss/candidate_example.jpg")
    block = subject.block()
    assert (subject.kind, block.shape, block.dtype) == ("cutout", (1, 3, 1489, 2048), np.uint8)
    assert to_png(block, size=100).startswith(b"\x89PNG")
    assert len(raw_frame(block)[0]) == block.size * 2
