"""From labels to a training set, a checkpoint, a champion, scores and priorities."""

import numpy as np
import pytest

from tasks import jobs
from tasks.learning import score_shard, train
from tests.integration.learning import sky
from webapp.core.jobs import JobState
from webapp.learning.models import Checkpoint, Evaluation, Promotion, Score, ScoringRun, ScoringShard
from webapp.learning.triggers import start_training

pytestmark = pytest.mark.django_db

REAL = np.arange(200) % 2 == 0


@pytest.fixture
def workflow():
    survey = sky.survey()
    workflow = sky.workflow(survey)
    rows = sky.subjects(survey, REAL)
    sky.make_gold(rows[:120], REAL[:120])
    sky.queue(workflow, rows)
    return workflow


def run_chain(workflow, **fields):
    """Run every job that follows from a new training run, as the worker would."""
    run = start_training(workflow=workflow, by=None, **fields)
    train.run(run.pk)
    for shard in ScoringShard.objects.filter(state=JobState.QUEUED):
        score_shard.shard(shard.pk)
    for scoring_run in ScoringRun.objects.filter(state=JobState.QUEUED):
        jobs.finish_scoring(scoring_run.pk)
    run.refresh_from_db()
    return run


def test_the_chain_runs_to_priorities(workflow):
    run = run_chain(workflow)
    assert run.state == JobState.DONE, run.error
    checkpoint = Checkpoint.objects.get()
    assert checkpoint.is_champion, Evaluation.objects.get().verdict
    assert Promotion.objects.get().checkpoint == checkpoint
    assert Score.objects.filter(checkpoint=checkpoint).count() == 200
    p = dict(Score.objects.values_list("subject__zarr_index", "p_real"))
    assert np.mean([p[n] for n in range(200) if REAL[n]]) > 0.9
    assert ScoringRun.objects.get().state == JobState.DONE
    assert not workflow.queue.filter(is_gold=False, reason="new").exists()
    assert workflow.queue.filter(is_gold=True, priority=1.0).count() == 120
    assert run.epochs.exists()
