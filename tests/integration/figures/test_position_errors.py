"""The motion page with positions whose errors differ by direction."""

import pytest

from tests.integration import people
from tests.integration.figures.movers import tracklet
from tests.integration.learning import sky
from webapp.archive.models import Frame

pytestmark = pytest.mark.django_db
HOURS = 0.25 * 5**0.5
"""Root of the sum of squares of the hours from the mean time: -.375, -.125, .125 and .375."""


@pytest.fixture
def night():
    return sky.survey("night", pixel_scale=1.86, observatory="T08")


@pytest.fixture
def scientist(night):
    return people.browser(people.member(night, "scientist"))


def page(scientist, row, **query):
    return scientist.get(f"/surveys/night/subjects/{row.pk}/motion/", query)


@pytest.mark.parametrize("corr", [-0.8, 0.8])
def test_a_correlation_widens_the_rate_where_the_ellipse_lies_along_the_motion(night, scientist, corr):
    row = tracklet(night, angle=45.0)  # northeast
    Frame.objects.filter(subject=row).update(rms_ra=0.3, rms_dec=0.3, rms_corr=corr)
    fit = page(scientist, row).context["fit"]
    assert fit["rate_error"] == pytest.approx(0.3 * (1 + corr) ** 0.5 / HOURS, rel=1e-3)
    assert fit["pa_error"] == pytest.approx(57.2958 * 0.3 * (1 - corr) ** 0.5 / HOURS / fit["rate"], rel=1e-3)
