"""A tracklet that is linked from a spacecraft's detections keeps where it was at each of them."""

import numpy as np
import pytest

from ml.io.observer_place import observer_place, observer_velocity
from tasks.jobs import store_linked
from tests.integration.learning import sky
from webapp.archive.models import Kind, Subject
from webapp.known_objects.subject_detections import detections_of
from webapp.linking.models import Decision, LinkRun, Links, TrackletBuild

pytestmark = pytest.mark.django_db
PLACE = {"#obs_x": 7000, "#obs_y": "10", "#obs_z": 0.5}
VELOCITY = {"obs_vx1": 7.5, "obs_vy1": 0, "obs_vz1": -1}


@pytest.fixture
def linked():
    """Return a function that confirms a link of detections with these metadata, and returns its tracklet."""

    def link(*metadata):
        survey = sky.survey("night", observatory="250")
        rows = sky.subjects(survey, [True] * len(metadata))
        for at, (row, given) in enumerate(zip(rows, metadata, strict=True)):
            row.mjd, row.ra, row.dec, row.metadata = 60000 + at / 50, 10 + at / 200, 0.0, given
            row.save()
        run = LinkRun.objects.create(
            survey=survey, links=Links.DETECTIONS, first_mjd=59999.5, last_mjd=60000.5, min_rate=3, max_rate=600
        )
        found = run.proposals.create(
            mjd=60000, ra=10, dec=0, rate=37, position_angle=90, misfit=1, decision=Decision.CONFIRMED
        )
        found.members.set(rows)
        store_linked(TrackletBuild.objects.create(survey=survey).pk)
        return Subject.objects.get(kind=Kind.TRACKLET)

    return link


def test_each_frame_has_the_place_and_velocity_of_its_detection(linked):
    places = [PLACE | {"#obs_x": 7000 + at} for at in range(3)]
    tracklet = linked(*(place | VELOCITY for place in places))
    for at in range(3):
        assert observer_place(tracklet.metadata, at) == (7000 + at, 10, 0.5)
        assert observer_velocity(tracklet.metadata, at) == (7.5, 0, -1)


def test_a_detection_without_a_place_hides_no_others(linked):
    tracklet = linked({}, PLACE, PLACE)
    detections, _owner = detections_of([tracklet.pk], "250")
    assert np.isfinite(detections.observer).all(axis=1).tolist() == [False, True, True]


def test_on_the_ground_nothing_is_added(linked):
    assert list(linked({}, {"seeing": 2}).metadata) == ["#detections"]
