"""A real worker's children report the queues that it serves, while they work, until it is asked to stop."""

import subprocess
import sys
import time
from datetime import timedelta

import psutil
import pytest
from django.db import OperationalError, transaction
from django.utils import timezone

from tests.acceptance.real_worker import environment, running_worker, wait_until
from webapp.console.processes import worker_name
from webapp.core.environment import ROOT
from webapp.core.models import Worker
from webapp.operations.worker_queues import queue_problems, workers_by_queue

pytestmark = pytest.mark.django_db(transaction=True)
QUEUES = "training,scoring"


def probe(folder):
    """Ask as a container does; return the exit code."""
    command = [sys.executable, "manage.py", "run_part", "worker", "--queues", QUEUES, "--probe", "--skip-checks"]
    return subprocess.run(command, env=environment(folder), cwd=ROOT, check=False).returncode


def all_that_serve(folder):
    """Return the queues that workers serve, as soon as one has reported again after a long silence."""
    Worker.objects.update(seen_at=timezone.now() - timedelta(hours=1))
    wait_until(lambda: any(workers_by_queue().values()), "A report of the worker's queues", folder)
    return {queue for queue, number in workers_by_queue().items() if number}


def suspend_outside_transactions(child):
    """Suspend a process, but not while it writes its report, which others would then wait for."""
    while True:
        child.suspend()
        try:
            with transaction.atomic():
                list(Worker.objects.select_for_update(nowait=True))
                return
        except OperationalError:
            child.resume()
            time.sleep(0.1)


def test_a_worker_of_two_queues_serves_these_while_a_child_works_until_it_stops(tmp_path, monkeypatch):
    monkeypatch.setenv("REPORT_TAKES", "2")  # One is under way when the worker is asked to stop.
    named = ["--queues", QUEUES, "--hostname", worker_name(QUEUES)]
    with running_worker(tmp_path, *named, "--include", "tests.acceptance.quick_reports") as running:
        wait_until(Worker.objects.exists, "The first report of its queues", tmp_path)
        assert "queue:ingest" in queue_problems(workers_by_queue())
        first, second = psutil.Process(running.process.pid).children()
        suspend_outside_transactions(first)
        assert all_that_serve(tmp_path) == {"training", "scoring"}
        assert probe(tmp_path) == 0
        suspend_outside_transactions(second)
        Worker.objects.update(seen_at=timezone.now() - timedelta(hours=1))
        assert probe(tmp_path) == 1
        [sentence] = [text for key, text in queue_problems(workers_by_queue()).items() if key.startswith("worker:")]
        assert sentence.startswith(f"The worker {worker_name(QUEUES)} has finished nothing since ")
        assert sentence.endswith("and no other serves scoring, training: restart it.")
        for child in (first, second):
            child.kill()
        assert all_that_serve(tmp_path) == {"training", "scoring"}
        running.stop()
    assert not Worker.objects.exists()
