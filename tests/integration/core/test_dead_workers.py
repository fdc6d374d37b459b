"""A job whose worker has died goes on as soon as the next worker of that name has started, before its lease ends."""

import os
import subprocess
import sys

import pytest

from tasks.queue_report import give_back_jobs
from webapp.archive.models import IngestRun, Survey
from webapp.core.models import Worker

pytestmark = pytest.mark.django_db(transaction=True)
NODE = "celery@here"


@pytest.fixture
def sent(monkeypatch):
    """The messages that were sent."""
    messages = []
    monkeypatch.setattr("webapp.core.dispatch._publish", lambda *message: messages.append(message))
    return messages


@pytest.fixture
def dead():
    """The process id of somebody who has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def alive():
    """The process id of somebody who works."""
    with subprocess.Popen([sys.executable, "-c", "input()", "tasks.worker"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.communicate(b"\n")


def claimed_by(name):
    survey, _ = Survey.objects.get_or_create(slug="atlas", name="ATLAS")
    run = IngestRun.objects.create(survey=survey, path="night", subject_set="night")
    Worker.objects.write(name, ["ingest"])
    return IngestRun.objects.claim(run.pk, name)


def test_a_dead_workers_job_is_sent_again_and_claimed_at_once(dead, sent):
    run = claimed_by(f"{NODE} {dead}")
    give_back_jobs(NODE)
    assert sent == [(IngestRun.task, (run.pk,))]
    assert IngestRun.objects.claim(run.pk, f"{NODE} 1").attempts == 2


def test_a_container_started_again_may_give_its_worker_the_same_number(sent):
    run = claimed_by(f"{NODE} {os.getpid()}")
    give_back_jobs(NODE)
    assert IngestRun.objects.claim(run.pk) is not None


def test_jobs_of_workers_that_live_elsewhere_or_have_no_name_stay_theirs(alive, dead, sent):
    names = (f"{NODE} {alive}", f"celery@there {dead}")
    runs = [claimed_by(name) for name in names]
    runs.append(IngestRun.objects.create(survey=runs[0].survey, path="night", subject_set="night"))
    IngestRun.objects.claim(runs[2].pk)
    give_back_jobs(NODE)
    assert sent == []
    assert set(IngestRun.objects.held()) == set(runs)


def test_a_dead_workers_ended_job_stays_ended(dead, sent):
    claimed_by(f"{NODE} {dead}").finish()
    give_back_jobs(NODE)
    assert sent == []
