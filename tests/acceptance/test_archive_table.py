"""The archive as a table: its headings sort, the view stays in the address, and what is selected is judged at once."""

import re

import pytest
from playwright.sync_api import expect

from tests.acceptance.people import member
from tests.integration.review.disagreements import disagreements, standing
from webapp.archive.models import Subject

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ARCHIVE = "/surveys/night/"


@pytest.fixture
def scientist(db):
    survey = disagreements()
    for place, row in enumerate(Subject.objects.order_by("pk")):
        Subject.objects.filter(pk=row.pk).update(mag=22 - place)
    return member(survey, "scientist")


def names(page):
    return [name.strip() for name in page.locator("td.name").all_text_contents()]


def test_headings_sort_and_the_selected_are_judged_where_they_were_found(scientist, open_page):
    page = open_page(ARCHIVE, user=scientist)
    page.get_by_label("View").select_option("table")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="Magnitude").click()
    page.wait_for_url(re.compile("view=table.*sort=mag"))
    assert names(page) == [f"s{place}" for place in (5, 4, 3, 2, 1, 0)]
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Magnitude")
    bulk = page.get_by_role("form", name="Selected subjects")
    expect(bulk.get_by_role("button", name="No to selected")).to_be_hidden()
    for name in ("s5", "s3"):
        page.get_by_label(f"Select {name}").check()
    expect(bulk.get_by_text("2 selected")).to_be_visible()
    bulk.get_by_role("button", name="No to selected").click()
    expect(page.get_by_text("2 subjects changed.")).to_be_visible()
    expect(page).to_have_url(re.compile("view=table.*sort=mag"))
    assert standing() == {"s5": "no", "s3": "no"}
    page.get_by_role("button", name="Undo the last change of 2 subjects").click()
    expect(page.get_by_text("Undone for 2 subjects.")).to_be_visible()
    assert standing() == {}


def test_what_was_found_by_folded_filters_is_in_sight_and_each_filter_can_be_removed(scientist, open_page):
    page = open_page(f"{ARCHIVE}?known=new&mean_mag_min=18&view=table", user=scientist)
    row = page.locator("td.name").first.bounding_box()
    assert row["y"] + row["height"] <= 900
    expect(page.get_by_label("Magnitude, mean of the frames")).to_be_hidden()
    page.get_by_role("link", name="Magnitude, mean of the frames ≥ 18").click()
    page.wait_for_url("**/?known=new&view=table")
    page.goto(f"{ARCHIVE}review/?queue=all&known=new&min_votes=1")
    verdict = page.get_by_role("button", name="Yes", exact=False).first.bounding_box()
    assert verdict["y"] + verdict["height"] <= 900
    page.get_by_role("link", name="Votes, at least: 1").click()
    expect(page.get_by_role("link", name="Known object: none near, or not compared")).to_be_visible()


@pytest.mark.parametrize("view", ["", "table"])
def test_the_selection_fits_a_phone(scientist, open_page, view):
    page = open_page(f"{ARCHIVE}?view={view}", user=scientist, width=390, height=844)
    page.get_by_label("Select all").tap()
    expect(page.get_by_text("6 selected")).to_be_visible()
    assert page.get_by_label("Select s5").locator("xpath=..").bounding_box()["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
