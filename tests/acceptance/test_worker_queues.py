"""A real worker reports the queues that it serves, whatever its children do, until it is asked to stop."""

import pytest

from tests.acceptance.real_worker import running_worker, wait_until
from webapp.core.models import Worker
from webapp.operations.worker_queues import queue_problems, workers_by_queue

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_worker_of_two_queues_serves_these_until_it_stops(tmp_path):
    with running_worker(tmp_path, "-Q", "training,scoring") as running:
        wait_until(Worker.objects.exists, "The report of its queues", tmp_path)
        workers = workers_by_queue()
        assert {queue for queue, number in workers.items() if number} == {"training", "scoring"}
        assert "queue:ingest" in queue_problems(workers)
        running.stop()
    assert not Worker.objects.exists()
