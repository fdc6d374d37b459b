"""A survey with tracklets that can be reported."""

import pytest

from tests.integration.learning import sky
from tests.integration.people import member
from tests.integration.reports.reporting import DAY, SETTINGS, fill
from webapp.known_objects.models import IdentityCheck, OrbitCatalogue
from webapp.reports.models import ReportSettings
from webapp.review.rulings import rule


@pytest.fixture
def survey():
    """Four tracklets of four frames, far apart, confirmed by a scientist and near no known object."""
    survey = sky.survey("night", observatory="T05", pixel_scale=1.86, seeing=4.5, position_floor=0.1)
    ReportSettings.objects.create(survey=survey, **SETTINGS)
    rows = sky.subjects(survey, [True] * 4, kind="tracklet", frames=4, mjd=DAY)
    for at, row in enumerate(rows):
        fill(row, ra=10.0 + at)
    catalogue = OrbitCatalogue.objects.create(checksum="0", orbits=1, epoch=60000.0)
    workflow, scientist = sky.workflow(survey, kind="tracklet"), member(survey, "scientist", "sue")
    for row in rows:
        IdentityCheck.objects.create(
            subject=row, catalogue=catalogue, detections=4, candidates=0, unmatched=4, orbit_days=0.4
        )
        rule(subject=row, workflow=workflow, scientist=scientist, verdict="yes")
    return survey
