"""On a phone the tabs of a survey and of a workflow are one row each, which scrolls to the current tab."""

import pytest
from playwright.sync_api import expect

from tests.acceptance.people import member
from tests.integration.learning import sky

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTH = 390


@pytest.fixture
def survey(db):
    survey = sky.survey("night")
    sky.workflow(survey, name="Real or bogus")
    return survey


def rows_of(tabs):
    return {link.bounding_box()["y"] for link in tabs.get_by_role("link").all()}


def is_in_view(link):
    box = link.bounding_box()
    return box["x"] >= 0 and box["x"] + box["width"] <= WIDTH


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/surveys/night/settings/", {"night": "Settings"}),
        ("/surveys/night/", {"night": "Archive"}),
        ("/surveys/night/consensus/night/figures/", {"night": "Consensus", "Real or bogus": "Figures"}),
    ],
)
def test_the_current_tab_of_one_row_is_in_view(survey, open_page, path, names):
    page = open_page(path, user=member(survey, "admin"), width=WIDTH, height=844)
    for name, current in names.items():
        tabs = page.get_by_role("navigation", name=name, exact=True)
        here = tabs.get_by_role("link", name=current, exact=True)
        expect(here).to_have_attribute("aria-current", "page")
        assert len(rows_of(tabs)) == 1
        assert is_in_view(here)
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH


def test_the_keyboard_reaches_the_last_tab(survey, open_page):
    page = open_page("/surveys/night/", user=member(survey, "admin"), width=WIDTH, height=844)
    tabs = page.get_by_role("navigation", name="night", exact=True)
    tabs.get_by_role("link").first.focus()
    for _ in range(tabs.get_by_role("link").count() - 1):
        page.keyboard.press("Tab")
    expect(tabs.get_by_role("link").last).to_be_focused()
    assert is_in_view(tabs.get_by_role("link").last)


def test_a_wide_screen_shows_all_tabs_at_once(survey, open_page):
    page = open_page("/surveys/night/", user=member(survey, "admin"))
    links = page.get_by_role("navigation", name="night", exact=True).get_by_role("link").all()
    assert all(0 <= link.bounding_box()["x"] <= 1440 for link in links)
