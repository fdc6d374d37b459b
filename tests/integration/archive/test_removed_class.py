"""A class that is removed from the survey while an ingest runs: gold labels of it are refused from then on."""

import pytest

from tests.integration.archive.sky import make_survey, row, write_cube, write_manifest
from webapp.archive.ingest.create_run import new_run
from webapp.archive.ingest.pipeline import ingest
from webapp.archive.models import IngestRun, Subject
from webapp.archive.survey_settings import change_survey
from webapp.queue.membership import refill

pytestmark = pytest.mark.django_db(transaction=True)


def test_no_gold_label_is_stored_that_is_not_among_the_classes(tmp_path, monkeypatch):
    monkeypatch.setattr("webapp.archive.ingest.store.ROWS", 8)
    survey = make_survey(classes=["asteroid", "bogus", "comet"], positive=["asteroid", "comet"])
    write_cube(tmp_path / "cube.fits", planes=48)
    gold = {n: {"label": "comet", "gold": "true"} for n in range(24, 40)}
    blank = {"label": "", "gold": ""}
    rows = [row(f"s{n}", image="cube.fits", plane=n, **gold.get(n, blank)) for n in range(48)]
    run = new_run(survey=survey, path=write_manifest(tmp_path, rows), by=None)

    def remove_a_class(run):
        if run.done and "comet" in type(survey).objects.get().classes:
            change_survey(survey=survey, classes=["asteroid", "bogus"], positive=["asteroid"])

    ingest(IngestRun.objects.claim(run.pk), stored=refill, watch=remove_a_class)
    run.refresh_from_db()
    assert not Subject.objects.exclude(gold_label="").exists()
    assert (run.state, run.done, run.added, run.bad) == ("done", 48, 32, 16)
    assert "its gold label is “comet”" in run.problems.first().message
