"""A worker is killed in training and in scoring, gets messages again or loses its database: it goes on, and nothing is
lost or duplicated.

That a resumed training leads to the same model to the last bit is in unit/training/test_resume.py.
"""

import numpy as np
import pytest
from django.db import connection

from tests.acceptance import real_worker
from tests.acceptance.real_worker import running_worker, send, wait_until
from tests.acceptance.slowed import slowed
from tests.integration.learning import sky
from webapp.core.jobs import JobState
from webapp.learning.models import (
    Checkpoint,
    Preset,
    Promotion,
    Score,
    ScoringRun,
    ScoringShard,
    TrainingEpoch,
    TrainingRun,
)
from webapp.learning.scoring import start_scoring
from webapp.learning.triggers import start_training

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("lost_messages"),
    pytest.mark.timeout(900),
]


REAL = np.arange(160) % 2 == 0


@pytest.fixture
def workflow():
    survey = sky.survey()
    workflow = sky.workflow(survey)
    rows = sky.subjects(survey, REAL)
    sky.make_gold(rows[:100], REAL[:100])
    sky.queue(workflow, rows)
    return workflow


def is_(queryset, **fields):
    """Return a condition that queries the database each time."""
    return lambda: queryset.filter(**fields).exists()


def assert_whole(workflow):
    """One checkpoint, promoted once, one score per subject, and every open entry ordered by it."""
    checkpoint = Checkpoint.objects.get()
    assert checkpoint.is_champion
    assert Promotion.objects.count() == 1
    assert Score.objects.count() == len(REAL)
    assert not workflow.queue.filter(is_gold=False).exclude(reason__in=["uncertain", "diverse", "positive"]).exists()
    assert workflow.queue.filter(is_gold=True, reason="new").count() == 100
    assert set(ScoringShard.objects.values_list("state", flat=True)) == {JobState.DONE}


@pytest.fixture
def patient(monkeypatch):
    """Let a busy machine pause a job for longer than usual."""
    monkeypatch.setattr(real_worker, "LEASE_SECONDS", 10)
    monkeypatch.setattr(real_worker, "PATIENCE", 280.0)


@pytest.mark.usefixtures("patient")
def test_killed_workers_and_repeated_messages_end_in_one_champion_and_go_on_where_they_were(workflow, tmp_path):
    run = start_training(workflow=workflow, by=None, preset=Preset.SMALL)
    for _ in range(2):
        send(tmp_path, TrainingRun.task, run.pk)
    with running_worker(tmp_path) as worker:
        with slowed(TrainingEpoch._meta.db_table):
            wait_until(is_(run.epochs, epoch__gte=3), "The third epoch", tmp_path)
            worker.kill()
        before = dict(run.epochs.values_list("epoch", "created_at"))
        run.refresh_from_db()
        assert run.state == JobState.RUNNING
        worker.start()
        wait_until(is_(ScoringRun.objects, state=JobState.DONE), "The end of the round", tmp_path)
        run.refresh_from_db()
        assert (run.state, run.attempts) == (JobState.DONE, 2)
        assert_resumed(run, before, tmp_path)
        assert_whole(workflow)
        score_again(workflow, worker, tmp_path)
    assert_whole(workflow)


def assert_resumed(run, before, folder):
    """`before` is when each epoch ended until the kill."""
    assert run.resumed_at in (max(before), max(before) + 1), "At most the epoch of the kill is repeated."
    kept = dict(run.epochs.filter(attempt=2, epoch__lt=run.resumed_at).values_list("epoch", "created_at"))
    assert kept == {epoch: when for epoch, when in before.items() if epoch < run.resumed_at}
    assert f"resumed at epoch {run.resumed_at}" in (folder / "worker.log").read_text()
    assert not list((folder / "training").iterdir())


def score_again(workflow, worker, folder):
    """Score in many shards, kill the worker after the first of them, and announce each three times to the next."""
    workflow.queue.filter(is_gold=False).update(reason="new", priority=0)
    array = workflow.survey.subjects.first().zarr_array
    ranges = [(array, start, start + 8) for start in range(0, 160, 8)]
    with slowed(Score._meta.db_table):
        scoring = start_scoring(Checkpoint.objects.get(), ranges)
        wait_until(is_(scoring.shards, state=JobState.DONE), "The first shard", folder)
        worker.kill()
    done = scoring.shards.filter(state=JobState.DONE).count()
    assert 0 < done < len(ranges)
    assert not workflow.queue.filter(reason__in=["uncertain", "diverse", "positive"]).exists()
    for shard in scoring.shards.all():
        for _ in range(3):
            send(folder, ScoringShard.task, shard.pk)
    for _ in range(3):
        send(folder, ScoringRun.task, scoring.pk)
    worker.start()
    wait_until(is_(ScoringRun.objects, pk=scoring.pk, state=JobState.DONE), "The end of the scoring", folder)
    interrupted = scoring.shards.exclude(attempts=1).values_list("attempts", flat=True)
    assert list(interrupted) in ([], [2], [2, 2]), "Each of the worker's two children was in the midst of one."
    scoring.refresh_from_db()
    assert scoring.attempts == 1


def test_a_database_that_goes_away_again_and_again_costs_only_time(workflow, tmp_path):
    run = start_training(workflow=workflow, by=None)
    with running_worker(tmp_path):
        wait_until(is_(TrainingRun.objects, state=JobState.RUNNING), "The run's begin", tmp_path)
        break_connections()
        wait_until(is_(ScoringShard.objects), "The first shard", tmp_path)
        break_connections()
        wait_until(is_(ScoringRun.objects, state=JobState.DONE), "The end of the round", tmp_path)
    run.refresh_from_db()
    assert run.state == JobState.DONE
    assert_whole(workflow)


def break_connections():
    """End all other connections to the test's database, as a restart would."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
