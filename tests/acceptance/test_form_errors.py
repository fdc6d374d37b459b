"""What the server says of a form is in view and has the focus: errors at its top, a preview beside its button."""

import pytest
from playwright.sync_api import expect

from tests.acceptance.people import member
from tests.integration.learning import sky

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def survey(db):
    survey = sky.survey("night", classes=["AST", "CR"], positive=["AST"])
    sky.workflow(survey)
    return survey


def test_errors_are_in_view_and_lead_to_their_fields(survey, open_page):
    page = open_page("/surveys/night/workflows/night/", user=member(survey, "admin"))
    page.get_by_label("Reject threshold").fill("0.6")
    page.get_by_label("Minimum votes", exact=True).fill("9")
    page.get_by_label("Maximum votes", exact=True).fill("5")
    page.get_by_role("button", name="Save").click()
    summary = page.get_by_role("alert")
    expect(summary).to_have_text("Not accepted: Maximum votes, Reject threshold (no)")
    expect(summary).to_be_focused()
    expect(summary).to_be_in_viewport()
    summary.get_by_role("link", name="Reject threshold").click()
    expect(page.get_by_label("Reject threshold")).to_be_focused()
    expect(page.get_by_label("Reject threshold")).to_be_in_viewport()


def test_a_preview_of_rules_is_in_view(survey, open_page):
    page = open_page("/surveys/night/workflows/night/", user=member(survey, "admin"))
    page.get_by_label("Reject threshold").fill("0.02")
    page.get_by_role("button", name="Preview these rules").click()
    expect(page.get_by_text("Nothing has been saved.")).to_be_in_viewport()
    expect(page.locator("#trial")).to_be_focused()


def test_a_file_that_cannot_be_read_is_refused_in_view(survey, open_page, tmp_path):
    file = tmp_path / "cats.csv"
    file.write_text("cat,colour\nMia,black\n")
    page = open_page("/surveys/night/exchange/night/", user=member(survey, "scientist"))
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_be_in_viewport()


def test_a_new_workflows_slug_follows_its_name_until_it_is_typed(survey, open_page):
    page = open_page("/surveys/night/workflows/new/", user=member(survey, "admin"))
    name, slug = page.get_by_label("Name", exact=True), page.get_by_label("URL slug")
    name.press_sequentially("Été: real movers?")
    expect(slug).to_have_value("ete-real-movers")
    slug.fill("mine")
    name.fill("Another name")
    expect(slug).to_have_value("mine")
