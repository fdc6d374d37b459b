"""A worker is killed while it draws training movers: in the end there are as many as requested, each once."""

import numpy as np
import pytest

from tests.acceptance.real_worker import running_worker, wait_until
from tests.integration.learning import sky
from webapp.archive.models import Subject
from webapp.core.jobs import JobState
from webapp.synthetics.inject_movers import start_injection

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("lost_messages")]

NUMBER = 120


def test_movers_whose_worker_is_killed_are_drawn_once(tmp_path):
    survey = sky.survey()
    workflow = sky.workflow(survey)
    rows = sky.subjects(survey, np.zeros(200, bool))
    sky.make_gold(rows, np.zeros(200, bool))
    sky.queue(workflow, rows)
    job = start_injection(workflow=workflow, by=None, seed=1, number=NUMBER, label="yes")
    made = Subject.objects.filter(is_synthetic=True)
    with running_worker(tmp_path) as worker:
        wait_until(made.exists, "The first movers", tmp_path)
        worker.kill()
        worker.start()
        wait_until(lambda: type(job).objects.filter(state=JobState.DONE).exists(), "The end", tmp_path)
    assert made.count() == NUMBER
    assert len({row.metadata["!synthetic"]["background"] for row in made}) == NUMBER
    assert workflow.queue.filter(subject__is_synthetic=True, is_gold=True).count() == NUMBER
