"""The index of guides: the languages of all texts stand below each other."""

import pytest

from tests.acceptance.people import member
from tests.integration.learning import sky
from webapp.guides.models import GuideText

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [390, 1440])
def test_languages_are_aligned(db, open_page, width):
    survey = sky.survey("night")
    GuideText.objects.create(
        survey=survey, workflow=sky.workflow(survey), kind="help", language="en", version=1, body="Look."
    )
    page = open_page("/surveys/night/guides/", user=member(survey, "scientist"), width=width)
    lists = page.locator("table.guides ul").all()
    assert len(lists) > 1
    places = [[item.bounding_box()["x"] for item in each.get_by_role("listitem").all()] for each in lists]
    assert all(each == places[0] for each in places)
    header = page.get_by_role("columnheader", name="Languages").bounding_box()
    assert abs(places[0][0] - header["x"]) < 2
    assert page.evaluate("document.documentElement.scrollWidth") <= width
