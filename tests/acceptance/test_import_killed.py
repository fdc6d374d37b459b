"""An import whose worker is killed midway is resumed by another: every answer is stored and counted once."""

import pytest

from tests.acceptance.real_worker import running_worker, send, wait_until
from tests.integration.imports.files import PANOPTES, panoptes_row, write_csv
from tests.integration.world import make_workflow
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus
from webapp.imports.models import ClassificationImport
from webapp.imports.run_import import new_import
from webapp.volunteers.models import Volunteer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

SUBJECTS, PEOPLE, DOUBLED = 50, 100, 37


def test_every_answer_is_in_once(tmp_path):
    workflow = make_workflow(subjects=SUBJECTS, max_votes=PEOPLE)
    rows = [
        panoptes_row(number, f"v{number // SUBJECTS}", f"atlas-{number % SUBJECTS}", "Yes" if number % 3 else "No")
        for number in range(SUBJECTS * PEOPLE)
    ]
    path = write_csv(tmp_path / "answers.csv", rows + rows[:DOUBLED])
    job = new_import(workflow=workflow, path=path, by=None, choices=PANOPTES)
    jobs = ClassificationImport.objects.filter(pk=job.pk)
    with running_worker(tmp_path) as worker:
        send(tmp_path, ClassificationImport.task, job.pk)
        wait_until(lambda: jobs.get().added > 0, "The first batch", tmp_path)
        worker.kill()
        half = jobs.get()
        assert half.state == "running"
        assert 0 < half.added == half.done == Classification.objects.count() < len(rows)
        worker.start()
        wait_until(lambda: jobs.get().is_over, "The end of the import", tmp_path)
    done = jobs.get()
    assert (done.state, done.attempts, done.done) == ("done", 2, len(rows) + DOUBLED)
    assert (done.added, done.known, done.skipped) == (len(rows), DOUBLED, 0)
    assert Classification.objects.count() == len(rows)
    assert Volunteer.objects.count() == PEOPLE
    assert {row.votes for row in Consensus.objects.all()} == {PEOPLE}
