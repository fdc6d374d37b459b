"""The catalogue has the motions fitted to a candidate's frames, whether or not the survey gave a rate."""

import csv

import pytest
from django.urls import reverse

from tests.integration import people
from tests.integration.figures.movers import tracklet
from tests.integration.learning import sky
from webapp.archive.models import Frame, Subject, Survey
from webapp.exports import candidate_rows

pytestmark = pytest.mark.django_db
FITTED = {
    "fitted_rate": "rate",
    "fitted_rate_error": "rate_error",
    "position_angle": "pa",
    "position_angle_error": "pa_error",
    "chi2_dof": "chi2_dof",
}
"""Columns of the catalogue and what the motion page calls them."""


@pytest.fixture
def movers(monkeypatch):
    """Tracklets of four, two and one frames on pages of two, all real by a ruling; no rate is given."""
    monkeypatch.setattr(candidate_rows, "PAGE", 2)
    night = sky.survey("night", pixel_scale=1.86)
    real = {"gold_label": "yes", "gold_source": "ruling"}
    lengths = ((4, 3.0), (2, 0.0), (1, 0.0))
    rows = [tracklet(night, n=n, left=left, dec=-45.0, prefix=f"{n}-", **real) for n, left in lengths]
    Subject.objects.update(rate=None)
    return rows


@pytest.fixture
def scientist(movers):
    return people.browser(people.member(movers[0].survey, "scientist"))


def catalogue(scientist):
    response = scientist.get(reverse("catalogue", args=["night", "csv"]))
    return list(csv.DictReader(b"".join(response.streaming_content).decode().splitlines()))


def fit(scientist, row):
    return scientist.get(f"/surveys/night/subjects/{row.pk}/motion/").context["fit"]


def test_its_motions_are_those_of_the_motion_page(movers, scientist):
    four, two, one = catalogue(scientist)
    for row, told in zip(movers, (four, two), strict=False):
        of_page = fit(scientist, row)
        assert [float(told[name] or "nan") for name in FITTED] == pytest.approx(
            [of_page[name] if of_page[name] is not None else float("nan") for name in FITTED.values()],
            abs=1e-5,
            nan_ok=True,
        )
    assert float(four["position_angle"]) == pytest.approx(40, abs=5)
    assert float(four["chi2_dof"]) > 1
    assert (two["chi2_dof"], two["fitted_rate"] != "") == ("", True)
    assert [one[name] for name in ("rate", *FITTED)] == [""] * 6


def test_time_and_position_belong_together(movers, scientist):
    four, two, one = catalogue(scientist)
    for row, told in zip(movers, (four, two), strict=False):
        of_page = scientist.get(f"/surveys/night/subjects/{row.pk}/motion/").context
        assert float(told["fitted_mjd"]) == pytest.approx(float(of_page["track"].motion.mjd[0]), abs=1e-9)
        place = [float(told[name]) for name in ("fitted_ra", "fitted_dec")]
        assert place == pytest.approx(of_page["track"].position, abs=1e-9)
        assert 0 < float(told["fitted_ra_error"]) < 5
    assert [one[name] for name in ("fitted_mjd", "fitted_ra", "fitted_dec", "fitted_ra_error")] == [""] * 4


def test_errors_are_the_surveys_where_it_gives_its_seeing(movers, scientist):
    before = catalogue(scientist)[0]
    Survey.objects.update(seeing=20.0, position_floor=0.1)
    after = catalogue(scientist)[0]
    assert float(after["fitted_rate_error"]) > 1.5 * float(before["fitted_rate_error"])
    assert float(after["chi2_dof"]) < 0.5 * float(before["chi2_dof"])
    assert float(after["fitted_rate_error"]) == pytest.approx(fit(scientist, movers[0])["rate_error"], abs=1e-5)


def test_computed_values_have_no_more_decimals_than_matter(movers, scientist):
    Frame.objects.update(mag=17.342, snr=20.1)
    places = {"mag": 4, "mag_scatter": 4, "snr": 3, "fitted_ra": 9} | dict.fromkeys(FITTED, 5)
    for told in catalogue(scientist):
        assert {name: told[name] for name in places if len(told[name].partition(".")[2]) > places[name]} == {}
        assert (told["mag"], told["snr"]) == ("17.342", "20.1")


def test_no_fitted_place_is_at_360_degrees(movers, scientist):
    Frame.objects.filter(subject=movers[1]).update(ra=360 - 1e-11, dec=0.0)
    assert catalogue(scientist)[1]["fitted_ra"] == "0.0"
