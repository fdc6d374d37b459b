"""A real worker reanalyses the votes when its message is lost or sent three times: one version, each subject once."""

import pytest

from tests.acceptance.real_worker import running_worker, wait_until
from tests.integration.world import make_volunteer, make_workflow, subjects_of, vote
from webapp.consensus.batch_aggregation import start_aggregation
from webapp.consensus.models import Aggregation
from webapp.core import dispatch
from webapp.core.jobs import JobState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("times", [0, 3])
def test_an_aggregation_is_made_once_however_often_it_is_announced(tmp_path, monkeypatch, times):
    workflow = make_workflow(subjects=4)
    for person in [make_volunteer() for _ in range(3)]:
        for subject in subjects_of(workflow):
            vote(person, workflow, subject, "yes")
    publish = dispatch._publish
    monkeypatch.setattr("webapp.core.dispatch._publish", lambda *sent: [publish(*sent) for _ in range(times)])
    with running_worker(tmp_path):
        start_aggregation(workflow, by=None)
        done = Aggregation.objects.filter(state=JobState.DONE)
        wait_until(done.exists, "The end", tmp_path)
    job = done.get()
    assert (job.version, job.attempts, job.posteriors.count()) == (1, 1, 4)
