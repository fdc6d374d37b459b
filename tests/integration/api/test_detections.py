"""Detections of trail and cube models through the API: for scientists, with places on the sky."""

import pytest
from astropy.io import fits
from astropy.wcs import WCS

from tests.integration.api.test_lists import client_for
from tests.integration.classify.test_marks import CARDS
from tests.integration.learning import sky
from tests.integration.world import make_workflow, subjects_of
from webapp.archive.models import Frame, Role
from webapp.learning.models import Detection

pytestmark = pytest.mark.django_db
ADDRESS = "/api/detections/"


@pytest.fixture
def workflow():
    """Two lines in the first of two subjects of two frames, the second frame with a WCS."""
    workflow = make_workflow(subjects=2, line_marking=True)
    subject = subjects_of(workflow)[0]
    Frame.objects.filter(subject=subject, position=1).update(wcs=CARDS)
    model = sky.checkpoint(workflow, is_champion=True)
    for position, frame, score in ((0, 1, 0.9), (1, 0, 0.2)):
        Detection.objects.create(
            checkpoint=model,
            subject=subject,
            position=position,
            frame=frame,
            x1=0.25,
            y1=1,
            x2=7.5,
            y2=-0.5,
            score=score,
        )
    return workflow


def test_a_scientist_reads_them_with_places_where_the_frame_has_a_wcs(workflow):
    scientist = client_for(workflow.survey, Role.SCIENTIST, "sue")
    rows = scientist.get(ADDRESS, {"survey": "atlas", "champion": "true"}).json()["results"]
    off_sky, on_sky = sorted(rows, key=lambda row: row["score"])
    expected = WCS(fits.Header(CARDS)).pixel_to_world([0.25, 7.5], [1, -0.5])
    assert [on_sky["ra1"], on_sky["ra2"]] == pytest.approx(expected.ra.deg, abs=1e-9)
    assert [on_sky["dec1"], on_sky["dec2"]] == pytest.approx(expected.dec.deg, abs=1e-9)
    assert (off_sky["ra1"], off_sky["dec2"], off_sky["x1"]) == (None, None, 0.25)
    assert scientist.get(f"{ADDRESS}{on_sky['id']}/").json() == on_sky


def test_they_are_found_by_subject_and_score(workflow):
    scientist = client_for(workflow.survey, Role.SCIENTIST, "sue")
    first, second = subjects_of(workflow)
    assert [row["score"] for row in scientist.get(ADDRESS, {"min_score": 0.5}).json()["results"]] == [0.9]
    assert len(scientist.get(ADDRESS, {"subject": first.pk}).json()["results"]) == 2
    assert scientist.get(ADDRESS, {"subject": second.pk}).json()["results"] == []


def test_a_volunteer_may_not_read_them(workflow):
    assert client_for(workflow.survey, Role.VOLUNTEER, "vera").get(ADDRESS).status_code == 403
