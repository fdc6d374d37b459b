"""A scientist exports and imports classifications, and the page follows the import.

test_import_killed.py brings answers in by a real worker.
"""

import csv
import io
import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tasks import jobs
from tests.acceptance.people import member
from tests.acceptance.test_every_page import RULES
from tests.integration.imports.files import panoptes_row, write_csv
from tests.integration.imports.test_bundle import packed
from tests.integration.world import make_volunteer, make_workflow, subjects_of, vote
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus
from webapp.imports.models import ClassificationImport

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("lost_messages")]


@pytest.fixture
def workflow(db):
    workflow = make_workflow(subjects=3)
    for name in ("ann", "bob"):
        vote(make_volunteer(name), workflow, subjects_of(workflow)[0])
    return workflow


def assert_usable(page):
    """Check a page without links to it as the accessibility test checks all others."""
    assert Axe().run(page, options=RULES).response["violations"] == []


def test_answers_are_taken_out(workflow, open_page):
    page = open_page("/surveys/atlas/review/", user=member(workflow.survey, "scientist"))
    page.get_by_role("link", name="Import & export").click()
    page.get_by_role("link", name="ATLAS", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Panoptes classifications").click()
    assert download.value.suggested_filename == "atlas-classifications.csv"
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert [json.loads(row["annotations"])[0]["value"] for row in rows] == ["Yes", "Yes"]


def test_what_a_bundle_changes_looks_as_if_it_opened(workflow, open_page, tmp_path):
    path = tmp_path / "bundle.zip"
    path.write_bytes(packed({"survey": {"name": "Another name"}}).read())
    page = open_page("/surveys/atlas/exchange/", user=member(workflow.survey, "admin"))
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Show what it changes").click()
    change = page.locator(".change summary")
    expect(change).to_have_css("display", "list-item")  # with the marker
    change.click()
    expect(page.get_by_text("Another name")).to_be_visible()


def test_answers_are_brought_in_and_what_is_not_is_told(workflow, open_page, tmp_path):
    rows = [panoptes_row(number, f"v{number}", f"atlas-{number % 3}", "Nope") for number in range(1, 9)]
    rows += [panoptes_row(20, "carl", "absent", "Yes"), panoptes_row(21, "carl", "atlas-1", "Yes")]
    path = write_csv(tmp_path / "answers.csv", rows)
    page = open_page("/surveys/atlas/exchange/atlas/", user=member(workflow.survey, "scientist"))
    page.get_by_label("File", exact=True).set_input_files(path)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_label("Match subjects by")).to_have_value("metadata:name")
    expect(page.get_by_label("Yes (2)")).to_have_value("yes")
    expect(page.get_by_label("Nope (8)")).to_have_value("")
    assert_usable(page)
    assert not ClassificationImport.objects.exists()
    page.get_by_label("Nope (8)").select_option("no")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator("#progress .badge.queued")).to_be_visible()
    jobs.import_classifications(ClassificationImport.objects.get().pk)
    expect(page.locator("#progress .badge.done")).to_be_visible()
    assert not list(tmp_path.glob("imports/*/*")), "The upload is removed."
    expect(page.get_by_role("row", name="No such subject in the survey")).to_contain_text("row 9: absent")
    assert_usable(page)
    assert Classification.objects.filter(volunteer__user=None).count() == 9
    assert sum(row.votes_no for row in Consensus.objects.all()) == 8


def test_a_file_that_is_none_is_refused(workflow, open_page, tmp_path):
    page = open_page("/surveys/atlas/exchange/atlas/", width=390, user=member(workflow.survey, "scientist"))
    for name, content, said in (
        ("notes.txt", b"hello", "Choose a .csv or a .json file"),
        ("votes.csv", b"a,b\n1,2\n", "has no column classification_id"),
        ("tasks.json", b"[{]", "is not valid JSON"),
    ):
        (tmp_path / name).write_bytes(content)
        page.get_by_label("File", exact=True).set_input_files(tmp_path / name)
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_text(said)).to_be_visible()
    assert not ClassificationImport.objects.exists()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
