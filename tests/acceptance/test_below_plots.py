"""Below a plot, its table, its points and its pictures are one row, apart from what follows."""

import uuid

import pytest
from playwright.sync_api import expect

from tests.acceptance.people import member
from tests.integration.learning import sky
from tests.integration.world import recount
from webapp.classifications.models import Classification
from webapp.volunteers.models import Volunteer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

APART = 16


@pytest.fixture
def user(db):
    """Somebody who answered eight practice images."""
    survey = sky.survey("night")
    workflow, rows = sky.workflow(survey), sky.subjects(survey, [True, False] * 4)
    sky.make_gold(rows, [True, False] * 4)
    sky.queue(workflow, rows)
    user = member(survey, "volunteer")
    person = Volunteer.objects.create(user=user)
    for row in rows:
        Classification.objects.create(
            id=uuid.uuid4(), volunteer=person, workflow=workflow, subject=row, answer="yes", is_counted=True
        )
    recount(workflow)
    return user


@pytest.mark.parametrize("width", [390, 1440])
def test_what_is_below_a_skill_curve(user, open_page, width):
    page = open_page("/skill/", user=user, width=width)
    expect(page.locator(".bk-Figure")).to_be_visible()
    link = page.get_by_role("link", name="Points as CSV").bounding_box()
    heading = page.get_by_role("heading", name="Your most common mistakes").bounding_box()
    save = page.get_by_role("button", name="Save as PNG").bounding_box()
    plot = page.locator("[data-skill]").bounding_box()
    assert link["y"] >= plot["y"] + plot["height"]
    assert heading["y"] - max(each["y"] + each["height"] for each in (link, save)) >= APART
    if width > 390:
        assert abs(link["y"] - save["y"]) < 2
