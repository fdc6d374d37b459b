"""The table of external scorers scrolls in its own box, and its buttons keep apart."""

import pytest

from tests.acceptance.people import member
from tests.integration.world import make_workflow
from webapp.learning.models import ExternalScorer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGE = "/surveys/atlas/learning/scorers/"


@pytest.fixture
def admin():
    workflow = make_workflow(subjects=2)
    for name in ("Brightness of the centre", "A forest of features", "Hand-made rules"):
        address = f"https://scorers.example.org:8443/{name.replace(' ', '-')}/score"
        ExternalScorer.objects.create(workflow=workflow, name=name, address=address, secret="a" * 16)
    return member(workflow.survey, "admin")


def test_on_a_phone_the_table_scrolls_and_the_page_does_not(admin, open_page, tmp_path):
    page = open_page(PAGE, user=admin, width=390, height=844)
    page.screenshot(path=tmp_path / "scorers.png", full_page=True)
    assert page.evaluate("document.querySelector('#scorers').scrollWidth") > 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("width", [390, 1440])
def test_two_buttons_of_a_row_keep_apart_and_centre_their_labels(admin, open_page, tmp_path, width):
    page = open_page(PAGE, user=admin, width=width)
    page.screenshot(path=tmp_path / "buttons.png", full_page=True)
    row = page.locator("#scorers tbody tr").first
    upper, lower = row.locator("form > .button").first, row.locator("summary")
    first, second = upper.bounding_box(), lower.bounding_box()
    assert second["y"] - first["y"] - first["height"] >= 8
    assert [each.evaluate("each => getComputedStyle(each).textAlign") for each in (upper, lower)] == ["center"] * 2
