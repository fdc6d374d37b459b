"""The page of a single detection, which has a position and known objects nearby, but no motion."""

import pytest

from tests.integration import people
from tests.integration.learning import sky
from webapp.archive.models import Frame
from webapp.known_objects.models import KnownMatch

pytestmark = pytest.mark.django_db


def page(scientist, row):
    return scientist.get(f"/surveys/night/subjects/{row.pk}/motion/")


@pytest.fixture
def stamp(night):
    """One detection, with everything known of it."""
    place = {"mjd": 61000.2, "ra": 150.1, "dec": -10.2}
    [row] = sky.subjects(night, [True], **place)
    at = {"mjd_mid": 61000.2, "ra": 150.1, "dec": -10.2, "exptime": 30, "band": "r", "mag": 19.25, "snr": 12}
    Frame.objects.create(subject=row, position=0, **at)
    return row


SILLY = ("Motion of", "so there is no motion", "digest2", "Trail, ″", "Without a motion", "tracklets that could link",
         "Error along", "Light curve", "ellipse")  # fmt: skip


def test_a_stamp_has_a_page_of_its_position_and_known_objects(night, scientist, stamp):
    near = {"separation": 0.5, "along": 0.3, "across": 0.4, "rate": 60, "position_angle": 90}
    KnownMatch.objects.create(subject=stamp, designation="3200", detections=1, **near)
    offered = f'href="/surveys/night/subjects/{stamp.pk}/motion/">Position &amp; known objects</a>'
    assert offered in scientist.get(f"/surveys/night/subjects/{stamp.pk}/").content.decode()
    shown = page(scientist, stamp).content.decode()
    for words in (
        f"Position of {stamp.external_id}, and known objects nearby", "10:00:24.00 -10:12:00.0", "at MJD 61000.200000",
        "SIMBAD", "Aladin", "MPChecker", "JPL</a>", "<th>3200</th>", "JPL SBDB", '<td class="n">19.25</td>',
        "Find detections of its night that move together",
    ):  # fmt: skip
        assert words in shown
    assert [words for words in SILLY if words in shown] == []


def test_a_stamp_without_a_time_has_its_position_still(night, scientist, stamp):
    Frame.objects.filter(subject=stamp).update(mjd_mid=None)
    shown = page(scientist, stamp).content.decode()
    assert "10:00:24.00 -10:12:00.0" in shown
    assert "SIMBAD" in shown
    assert "MPChecker" not in shown
    assert "no known object can be predicted for it" in shown
    assert [words for words in SILLY if words in shown] == []


def test_a_stamp_without_a_position_has_no_such_page_to_offer(night, scientist, stamp):
    stamp.ra = stamp.dec = None
    stamp.save()
    Frame.objects.filter(subject=stamp).update(ra=None, dec=None)
    assert "/motion/" not in scientist.get(f"/surveys/night/subjects/{stamp.pk}/").content.decode()
    answer = page(scientist, stamp)
    assert answer.status_code == 200
    assert "SIMBAD" not in answer.content.decode()


def test_volunteers_are_offered_no_such_page(night, stamp):
    assert "/motion/" not in people.browser().get(f"/surveys/night/subjects/{stamp.pk}/").content.decode()
