"""The preview of an import foretells what the import does, and stores nothing."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.integration.imports.files import imported, write_csv
from tests.integration.people import browser, member
from tests.integration.world import make_subject, make_volunteer, make_workflow, subjects_of, vote
from webapp.classifications.models import Classification
from webapp.imports.forecast import forecast_import
from webapp.imports.mapping import Choices
from webapp.imports.models import ClassificationImport
from webapp.volunteers.identity import pseudonym
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db
COLUMNS = ("classification_id", "user_name", "subject_ids", "answer")
CHOICES = Choices(source="answers", match="subject", task="answer", answers={"Yes": "yes", "No": "no", "Dunno": ""})


@pytest.fixture
def workflow():
    """A workflow of two subjects, beside a subject that it does not ask about."""
    workflow = make_workflow(subjects=2)
    make_subject(workflow.survey, "elsewhere")
    return workflow


def written(path, *rows):
    return write_csv(path, [dict(zip(COLUMNS, row, strict=True)) for row in rows], COLUMNS)


def test_the_forecast_is_what_the_import_then_does(workflow, tmp_path):
    own = make_volunteer("own")
    vote(own, workflow, subjects_of(workflow)[0])
    imported(workflow, written(tmp_path / "answers.csv", (1, "ann", "atlas-0", "Yes")), CHOICES)
    path = written(
        tmp_path / "answers.csv",
        (1, "ann", "atlas-0", "Yes"),
        (2, "ann", "atlas-1", "No"),
        (2, "ann", "atlas-1", "No"),
        (3, "ann", "atlas-1", "Yes"),
        (4, "bob", "atlas-1", "Dunno"),
        (5, "bob", "elsewhere", "Yes"),
        (6, "bob", "absent", "Yes"),
        (7, "ann", "atlas-0", "No"),
        (8, pseudonym(own.key, True).user_name, "atlas-0", "Yes"),
        (9, "bob", "atlas-0", "Perhaps"),
        (10, "bob", "atlas-0", "Yes"),
    )
    before = Classification.objects.count(), Volunteer.objects.count()
    forecast = forecast_import(workflow, path, CHOICES)
    assert (Classification.objects.count(), Volunteer.objects.count()) == before
    job = imported(workflow, path, CHOICES)
    assert (forecast.added, forecast.known, forecast.skipped) == (job.added, job.known, job.skipped) == (2, 2, 7)
    assert {each.sentence: each.count for each in forecast.reasons}[
        "This user has already classified this subject."
    ] == 3


def test_the_preview_shows_it_for_the_guesses_and_again_for_other_choices(workflow):
    def figures(page):
        return re.findall(r"<dd>(\d+)</dd>", page[page.index("What would be imported") :])

    client = browser(member(workflow.survey, "scientist"))
    rows = b"classification_id,user_name,subject_ids,answer\n1,ann,atlas-0,Yes\n2,ann,atlas-1,No\n3,ann,absent,No\n"
    upload = {"file": SimpleUploadedFile("answers.csv", rows)}
    address = client.post("/surveys/atlas/exchange/atlas/import/", upload)["Location"]
    shown = client.get(address)
    assert figures(shown.content.decode()) == ["2", "0", "1"]
    form = shown.context["form"]
    changed = form.as_shown() | {f"label_{form.labels.index('No')}": ""}
    start = re.search(r'action="([^"]+/start/)"', shown.content.decode())[1]
    again = client.post(start, {**changed, "forecast": "1"})
    assert figures(again.content.decode()) == ["1", "0", "2"]
    assert not ClassificationImport.objects.exists()
