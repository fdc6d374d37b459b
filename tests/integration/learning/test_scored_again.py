"""Scores that come late, or were deleted: what was tried again reaches the queue, and what is gone can be had again."""

import numpy as np
import pytest

from tasks import jobs
from tasks.learning import score_shard
from tests.integration.learning import sky
from tests.integration.people import browser, member
from webapp.core.jobs import JobState
from webapp.learning import acquisition, scores
from webapp.learning.comparison import score_archive, without_archive
from webapp.learning.models import Score, ScoringShard
from webapp.learning.promotion import promote
from webapp.learning.scoring import score_unscored, start_scoring, whole_archive

pytestmark = pytest.mark.django_db


@pytest.fixture
def workflow():
    workflow = sky.workflow(sky.survey())
    sky.queue(workflow, sky.subjects(workflow.survey, [True, False] * 5))
    return workflow


@pytest.fixture
def admin(workflow):
    return member(workflow.survey, "admin")


@pytest.fixture
def unsure(monkeypatch):
    """Let every model say 0.4 of every subject."""

    class Model:
        feature_key, classes = "unsure", ("no", "yes")

        def features(self, block):
            return np.zeros((len(block), block.shape[1], 4), dtype=np.float16)

        def probabilities_from_features(self, features, tracks=None):
            return np.tile(np.float32([0.6, 0.4]), (len(features), 1))

        def p_real(self, probabilities):
            return probabilities[:, 1]

    monkeypatch.setattr("tasks.learning.model_cache.scorer", lambda checkpoint: Model())


def work(run):
    """Do what a scoring run has to do, as workers would."""
    for shard in ScoringShard.objects.filter(run=run, state=JobState.QUEUED):
        score_shard.shard(shard.pk)
    jobs.finish_scoring(run.pk)
    run.refresh_from_db()


def test_scores_of_a_shard_that_is_tried_again_reach_the_queue(workflow, unsure, monkeypatch):
    run = start_scoring(sky.checkpoint(workflow, is_champion=True))
    with monkeypatch.context() as broken:
        broken.setattr(scores, "write_scores", lambda *_: 1 / 0)
        work(run)
    assert (run.state, workflow.queue.exclude(reason="new").count()) == (JobState.DONE, 0)
    assert run.shards.get().retry()
    work(run)
    assert (run.state, Score.objects.count()) == (JobState.DONE, 10)
    assert workflow.queue.exclude(reason="new").count() == 10


def test_a_shard_that_is_tried_again_while_the_queues_are_ordered_has_them_ordered_again(workflow, unsure, monkeypatch):
    run = start_scoring(sky.checkpoint(workflow, is_champion=True))
    with monkeypatch.context() as broken:
        broken.setattr(scores, "write_scores", lambda *_: 1 / 0)
        broken.setattr(acquisition, "prune", lambda _: run.shards.get().retry())
        work(run)
    assert run.state == JobState.RUNNING
    work(run)
    assert (run.state, Score.objects.count()) == (JobState.DONE, 10)
    assert workflow.queue.exclude(reason="new").count() == 10


def test_a_shadow_whose_scores_were_deleted_can_score_the_archive_again(workflow, admin, unsure):
    first, second = sky.checkpoint(workflow), sky.checkpoint(workflow)
    for model in (first, second):
        work(start_scoring(model))
    work(start_scoring(second))
    assert not Score.objects.filter(checkpoint=first).exists()
    promote(checkpoint=second, by=None, reason="better")
    assert without_archive(first, second) == [first]
    assert score_archive(first, admin) is not None
    assert without_archive(first, second) == []


def test_both_models_of_a_comparison_can_be_scored_at_once(workflow, admin):
    for model in (before := sky.checkpoint(workflow), sky.checkpoint(workflow)):
        promote(checkpoint=model, by=None, reason="better")
    runs = [score_archive(model, admin) for model in (before, sky.checkpoint(workflow))]
    assert [run.shards.get().state for run in runs] == [JobState.QUEUED, JobState.QUEUED]


def test_the_champions_card_says_how_much_of_the_archive_is_scored_where_batches_failed(workflow, unsure, monkeypatch):
    scientist, address = browser(member(workflow.survey, "scientist")), "/surveys/sky/learning/"
    champion = sky.checkpoint(workflow, is_champion=True)
    array, first, last = whole_archive(champion)[0]
    run = start_scoring(champion, [(array, first, 4), (array, 4, last)])
    with monkeypatch.context() as broken:
        broken.setattr(score_shard, "_scored", fail)
        score_shard.shard(run.shards.earliest("start").pk)
    work(run)
    assert "<dd>6 of 10 subjects scored</dd>" in scientist.get(address).content.decode()
    with monkeypatch.context() as slow:
        slow.setattr("webapp.learning.archive_coverage.count_in_time", lambda *_: None)
        assert "<dd>not all subjects scored</dd>" in scientist.get(address).content.decode()
    work(score_unscored(champion, given_up=True))
    assert "<dd>scored, 20" in scientist.get(address).content.decode()


def fail(*_):
    raise ValueError("No.")
