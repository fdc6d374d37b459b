"""The preview of an import says how much of the file it shows, and doesn't urge an import that would bring nothing."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.integration.imports.files import panoptes_row, write_csv
from tests.integration.people import browser, member
from tests.integration.world import make_workflow
from webapp.imports import inspect

pytestmark = pytest.mark.django_db
VOTES = b"classification_id,user_name,subject_ids,answer\n1,ann,atlas-0,Yes\n"


@pytest.fixture
def preview_of():
    """Return the preview of a file's bytes."""
    workflow = make_workflow(subjects=2)
    scientist = browser(member(workflow.survey, "scientist"))

    def upload(content):
        file = SimpleUploadedFile("answers.csv", content)
        sent = scientist.post("/surveys/atlas/exchange/atlas/import/", {"file": file})
        return scientist.get(sent["Location"]).content.decode()

    return upload


@pytest.fixture
def preview(preview_of, tmp_path):
    """Return the preview of a file with an answer to each of these subjects."""

    def upload(*subjects):
        rows = [panoptes_row(number, "ann", subject, "Yes") for number, subject in enumerate(subjects, 1)]
        return preview_of(write_csv(tmp_path / "answers.csv", rows).read_bytes())

    return upload


@pytest.mark.parametrize(("limit", "said"), [(3, "all 2 rows read"), (2, "all 2 rows read"), (1, "first 1 rows read")])
def test_it_says_whether_it_has_read_the_whole_file(preview, monkeypatch, limit, said):
    monkeypatch.setattr(inspect, "ROWS", limit)
    assert said in preview("atlas-0", "atlas-1")


def test_a_list_is_its_own_source_and_an_export_is_of_zooniverse(preview, preview_of):
    assert 'name="source" value="zooniverse.org"' in preview("atlas-0")
    assert 'name="source" value="answers"' in preview_of(VOTES)


def test_a_source_is_no_longer_than_it_may_be(tmp_path):
    path = tmp_path / f"{'n' * 150}.csv"
    path.write_bytes(VOTES)
    assert inspect.inspect_file(path, make_workflow(subjects=1)).source == "n" * 100


def test_the_first_rows_that_cannot_be_used_say_why(preview_of):
    rows = ["1,ann,atlas-0,Yes", "2,ann", *("3,ann,atlas-0;atlas-1,Yes" for _ in range(2)), ",ann,atlas-0,Yes"]
    page = preview_of("\n".join(["classification_id,user_name,subject_ids,answer", *rows]).encode())
    assert "4 of them cannot be used." in page
    assert "row 2: Unreadable row. <code>2 cells, and the header has 4</code>" in page
    assert "row 4: More than one subject in the row. <code>atlas-0;atlas-1</code>" in page
    assert "row 5" not in page


def test_an_import_that_would_bring_nothing_is_not_the_first_choice(preview):
    assert '<button class="button primary">Import</button>' in preview("atlas-0", "absent")
    page = preview("absent")
    assert "nothing would be imported" in page
    assert '<button class="button">Import</button>' in page
