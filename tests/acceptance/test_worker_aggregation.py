"""A real worker reanalyses the votes when its message is lost, and when it comes three times: once each."""

import pytest

from tests.acceptance.real_worker import running_worker, send, wait_until
from tests.integration.world import make_volunteer, make_workflow, subjects_of, vote
from webapp.consensus.batch_aggregation import start_aggregation
from webapp.consensus.models import Aggregation
from webapp.core.jobs import JobState

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_aggregation_is_made_once_however_often_it_is_announced(tmp_path, monkeypatch):
    workflow = make_workflow(subjects=4)
    for person in [make_volunteer() for _ in range(3)]:
        for subject in subjects_of(workflow):
            vote(person, workflow, subject, "yes")
    monkeypatch.setattr("webapp.core.dispatch._publish", lambda task, args: None)
    done = Aggregation.objects.filter(state=JobState.DONE)
    with running_worker(tmp_path):
        for version, messages in enumerate([0, 3], start=1):
            job = start_aggregation(workflow, by=None)
            for _ in range(messages):
                send(tmp_path, Aggregation.task, job.pk)
            wait_until(done.filter(version=version).exists, "The end", tmp_path)
    assert [(each.version, each.attempts) for each in done.order_by("pk")] == [(1, 1), (2, 1)]
    assert Aggregation.objects.count() == 2
    assert [each.posteriors.count() for each in done] == [4, 4]
