"""The list of known objects near subjects, on a common screen."""

import csv

import pytest
from django.conf import settings
from django.core.management import call_command

from tests.acceptance.people import member
from tests.integration.known_objects.matching import ORBITS, UTC, run, settle
from tests.integration.learning import sky
from webapp.known_objects.models import IdentityCheck, KnownMatch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def survey(db, tmp_path, monkeypatch):
    """A survey of long names, with old elements of the asteroid that is in its only stamp."""
    monkeypatch.setattr(settings, "DATA", tmp_path)
    call_command("load_orbits", str(ORBITS / "mpcorb.dat"))
    survey = sky.survey("night")
    [row] = sky.subjects(survey, [True], prefix="ztf-122229417001501503")
    row.mjd, row.ra, row.dec = UTC, *first_place()
    row.save()
    settle(survey)
    run(survey)
    IdentityCheck.objects.update(orbit_days=-824)
    KnownMatch.objects.update(orbit_days=-824)
    return survey


def first_place():
    """Return RA and Dec of the first asteroid whose place at `UTC` is known."""
    rows = csv.DictReader((ORBITS / "places.csv").read_text().splitlines())
    return next((float(row["ra"]), float(row["dec"])) for row in rows if row["days"] == "30")


def test_a_row_is_low_and_all_of_it_is_in_sight(survey, open_page):
    page = open_page("/surveys/night/known-objects/?show=identified", user=member(survey, "scientist"))
    table = page.get_by_role("region", name="Known objects")
    assert table.locator("tbody tr").bounding_box()["height"] <= 80, "at most three lines"
    assert table.evaluate("region => region.scrollWidth - region.clientWidth") == 0, "nothing is cut off"
    assert table.get_by_role("link", name="JPL SBDB").is_visible()
