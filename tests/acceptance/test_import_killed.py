"""An import whose worker is killed midway is resumed by another: every answer is stored and counted once.

It reanalyses the votes, too, when its message is lost and when it comes three times: once each.
"""

import pytest

from tests.acceptance.real_worker import running_worker, send, wait_until
from tests.acceptance.slowed import slowed
from tests.integration.imports.files import PANOPTES, panoptes_row, write_csv
from tests.integration.world import make_workflow
from webapp.classifications.models import Classification
from webapp.consensus.batch_aggregation import start_aggregation
from webapp.consensus.models import Aggregation, Consensus
from webapp.core.jobs import JobState
from webapp.imports.models import ClassificationImport
from webapp.imports.run_import import new_import
from webapp.volunteers.models import Volunteer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

SUBJECTS, PEOPLE, DOUBLED = 50, 60, 37


def test_every_answer_is_in_once_and_an_aggregation_is_made_once_however_often_it_is_announced(tmp_path, monkeypatch):
    workflow = make_workflow(subjects=SUBJECTS, max_votes=PEOPLE)
    rows = [
        panoptes_row(number, f"v{number // SUBJECTS}", f"atlas-{number % SUBJECTS}", "Yes" if number % 3 else "No")
        for number in range(SUBJECTS * PEOPLE)
    ]
    path = write_csv(tmp_path / "answers.csv", rows + rows[:DOUBLED])
    job = new_import(workflow=workflow, path=path, by=None, choices=PANOPTES)
    jobs = ClassificationImport.objects.filter(pk=job.pk)
    made = Aggregation.objects.filter(state=JobState.DONE)
    with running_worker(tmp_path) as worker:
        with slowed(Classification._meta.db_table):
            send(tmp_path, ClassificationImport.task, job.pk)
            wait_until(lambda: jobs.get().added > 0, "The first batch", tmp_path)
            worker.kill()
        half = jobs.get()
        assert half.state == "running"
        assert 0 < half.added == half.done == Classification.objects.count() < len(rows)
        worker.start()
        wait_until(lambda: jobs.get().is_over, "The end of the import", tmp_path)
        monkeypatch.setattr("webapp.core.dispatch._publish", lambda task, args: None)
        for version, messages in enumerate([0, 3], start=1):
            aggregation = start_aggregation(workflow, by=None)
            for _ in range(messages):
                send(tmp_path, Aggregation.task, aggregation.pk)
            wait_until(made.filter(version=version).exists, "The end of the reanalysis", tmp_path)
    done = jobs.get()
    assert (done.state, done.attempts, done.done) == ("done", 2, len(rows) + DOUBLED)
    assert (done.added, done.known, done.skipped) == (len(rows), DOUBLED, 0)
    assert Classification.objects.count() == len(rows)
    assert Volunteer.objects.count() == PEOPLE
    assert {row.votes for row in Consensus.objects.all()} == {PEOPLE}
    assert [(each.version, each.attempts) for each in made.order_by("pk")] == [(1, 1), (2, 1)]
    assert Aggregation.objects.count() == 2
    assert [each.posteriors.count() for each in made] == [SUBJECTS, SUBJECTS]
