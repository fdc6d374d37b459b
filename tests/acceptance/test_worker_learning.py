"""A worker is killed during training or scoring, or gets every message twice: nothing is lost or duplicated."""

import numpy as np
import pytest
from django.db import connection

from tests.acceptance import real_worker
from tests.acceptance.real_worker import running_worker, send, wait_until
from tests.integration.learning import sky
from webapp.core.jobs import JobState
from webapp.learning.models import Checkpoint, Promotion, Score, ScoringRun, ScoringShard, TrainingRun
from webapp.learning.scoring import start_scoring
from webapp.learning.triggers import start_training

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("lost_messages")]


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


def test_workers_killed_in_training_and_in_scoring_end_in_one_champion_and_go_on_where_they_were(workflow, tmp_path):
    run = start_training(workflow=workflow, by=None)
    with running_worker(tmp_path) as worker:
        wait_until(is_(TrainingRun.objects, state=JobState.RUNNING), "The run's begin", tmp_path)
        worker.kill()
        run.refresh_from_db()
        assert run.state == JobState.RUNNING
        worker.start()
        wait_until(is_(ScoringRun.objects, state=JobState.DONE), "The end of the round", tmp_path)
        run.refresh_from_db()
        assert (run.state, run.attempts) == (JobState.DONE, 2)
        assert set(run.epochs.values_list("attempt", flat=True)) == {2}
        assert_whole(workflow)

        workflow.queue.filter(is_gold=False).update(reason="new", priority=0)
        array = workflow.survey.subjects.first().zarr_array
        ranges = [(array, start, start + 8) for start in range(0, 160, 8)]
        scoring = start_scoring(Checkpoint.objects.get(), ranges)
        wait_until(is_(scoring.shards, state=JobState.DONE), "The first shard", tmp_path)
        worker.kill()
        done = scoring.shards.filter(state=JobState.DONE).count()
        assert 0 < done < len(ranges)
        assert not workflow.queue.filter(reason__in=["uncertain", "diverse", "positive"]).exists()
        worker.start()
        wait_until(is_(ScoringRun.objects, pk=scoring.pk, state=JobState.DONE), "The end of the scoring", tmp_path)
    assert scoring.shards.filter(attempts=1).count() >= done
    assert_whole(workflow)


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


def test_every_message_delivered_twice_is_worked_on_once(workflow, tmp_path, monkeypatch):
    monkeypatch.setattr(real_worker, "LEASE_SECONDS", 60)  # on a busy machine a job may pause for longer than usual
    run = start_training(workflow=workflow, by=None)
    for _ in range(2):
        send(tmp_path, TrainingRun.task, run.pk)
    with running_worker(tmp_path):
        wait_until(is_(ScoringShard.objects), "The first shards", tmp_path)
        scoring = ScoringRun.objects.get()
        for shard in scoring.shards.all():
            for _ in range(3):
                send(tmp_path, ScoringShard.task, shard.pk)
        for _ in range(3):
            send(tmp_path, ScoringRun.task, scoring.pk)
        wait_until(is_(ScoringRun.objects, state=JobState.DONE), "The end of the round", tmp_path)
    run.refresh_from_db()
    assert run.attempts == 1
    assert ScoringRun.objects.get().attempts == 1
    assert set(ScoringShard.objects.values_list("attempts", flat=True)) == {1}
    assert_whole(workflow)
