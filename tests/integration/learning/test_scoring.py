"""Scores: whole shards by COPY, idempotent, with one end to each scoring run."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from ml.storage.pixel_store import PixelStore
from tasks import jobs
from tasks.learning import score_shard as scoring
from tests.integration.learning import sky
from tests.integration.people import member
from webapp.archive.models import IngestRun, Subject
from webapp.core.jobs import JobState
from webapp.learning import scores
from webapp.learning.comparison import changed, score_archive
from webapp.learning.drift import drift_of
from webapp.learning.models import Checkpoint, Score, ScoringRun, ScoringShard
from webapp.learning.promotion import promote, rollback, score_shadow
from webapp.learning.scoring import (
    TRIES,
    conclude,
    covered_often,
    cut,
    failures,
    gaps,
    score_arrivals,
    score_unscored,
    start_scoring,
    whole_archive,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def survey():
    return sky.survey()


@pytest.fixture
def rows(survey):
    return sky.subjects(survey, [True, False] * 5)


@pytest.fixture
def workflow(survey, rows):
    workflow = sky.workflow(survey)
    sky.queue(workflow, rows)
    return workflow


@pytest.fixture
def champion(workflow):
    return sky.checkpoint(workflow, is_champion=True)


@pytest.fixture
def pretend(monkeypatch):
    """Make every model score 0.25 without a network; return the scored indexes."""
    asked = []

    class Model:
        feature_key, classes = "pretend", ("no", "yes")

        def features(self, block):
            asked.append(len(block))
            return np.zeros((len(block), block.shape[1], 4), dtype=np.float16)

        def probabilities_from_features(self, features, tracks=None):
            return np.tile(np.float32([0.75, 0.25]), (len(features), 1))

        def p_real(self, probabilities):
            return probabilities[:, 1]

    monkeypatch.setattr("tasks.learning.model_cache.scorer", lambda checkpoint: Model())
    return asked


def test_scores_come_back_as_they_were_written(champion, rows):
    probabilities = np.random.default_rng(0).dirichlet(np.ones(3), len(rows))
    ids = np.array([row.pk for row in rows])
    scores.write_scores(champion.pk, ids, probabilities, probabilities[:, 2])
    found = {score.subject_id: score for score in Score.objects.all()}
    for row, p in zip(rows, probabilities, strict=True):
        assert found[row.pk].probabilities == p.tolist()
        assert found[row.pk].p_real == p[2]
        assert found[row.pk].entropy == pytest.approx(-(p[2] * np.log(p[2]) + (1 - p[2]) * np.log(1 - p[2])))


def test_writing_again_replaces_only_the_same_subjects(champion, rows, workflow):
    ids = np.array([row.pk for row in rows])
    other = sky.checkpoint(workflow)
    for model, p in ((champion, 0.1), (other, 0.2)):
        scores.write_scores(model.pk, ids, np.full((10, 2), p), np.full(10, p))
    scores.write_scores(champion.pk, ids[:4], np.full((4, 2), 0.9), np.full(4, 0.9))
    said = Score.objects.filter(checkpoint=champion).order_by("subject").values_list("p_real", flat=True)
    assert list(said) == [0.9] * 4 + [0.1] * 6
    assert Score.objects.filter(checkpoint=other, p_real=0.2).count() == 10


def test_certainty_has_no_entropy_and_no_scores_are_no_error(champion):
    assert scores.binary_entropy(np.array([0.0, 1.0])) == pytest.approx([0, 0], abs=1e-12)
    assert scores.binary_entropy(np.array([0.5])) == pytest.approx(np.log(2))
    scores.write_scores(champion.pk, np.zeros(0, dtype=np.int64), np.zeros((0, 2)), np.zeros(0))
    assert not Score.objects.exists()


@given(first=st.integers(0, 40_000), length=st.integers(0, 60_000), chunk=st.integers(1, 300))
def test_shards_cover_everything_once_and_share_no_chunk(first, length, chunk):
    shards = list(cut(first, first + length, chunk))
    assert sum(stop - start for start, stop in shards) == length
    assert [start for start, _ in shards[1:]] == [stop for _, stop in shards[:-1]]
    assert all(start % chunk == 0 for start, _ in shards[1:])
    assert all(0 < stop - start <= max(chunk, 8192) for start, stop in shards)


def test_a_run_ends_once_however_often_it_is_announced(champion, workflow, pretend):
    run = start_scoring(champion, [(array_of(champion), 0, 4), (array_of(champion), 4, 10)])
    jobs.finish_scoring(run.pk)
    run.refresh_from_db()
    assert run.state == JobState.QUEUED
    first, second = run.shards.order_by("start")
    for _ in range(3):
        scoring.shard(first.pk)
    assert not ScoringRun.objects.claimable().exists()
    assert Score.objects.count() == 4
    scoring.shard(second.pk)
    assert Score.objects.count() == 10
    for _ in range(3):
        conclude(run)
        jobs.finish_scoring(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempts) == (JobState.DONE, 1)
    assert run.message.startswith("10 priorities changed. The model stores no features")
    assert sum(pretend) == 10


def array_of(checkpoint):
    return whole_archive(checkpoint)[0][0]


def test_a_crash_between_the_last_shard_and_the_priorities_is_mended_by_the_sweep(champion, pretend, monkeypatch):
    run = start_scoring(champion)
    monkeypatch.setattr("tasks.learning.score_shard.conclude", lambda run: None)
    scoring.shard(run.shards.get().pk)
    assert list(ScoringRun.objects.stuck()) == [run]


def test_a_shard_that_fails_for_good_does_not_keep_the_others_from_the_queue(champion, workflow, pretend):
    run = start_scoring(champion, [(array_of(champion), 0, 4), (array_of(champion), 4, 10)])
    first, second = run.shards.order_by("start")
    scoring.shard(first.pk)
    ScoringShard.objects.filter(pk=second.pk).update(state=JobState.FAILED)
    jobs.finish_scoring(run.pk)
    assert workflow.queue.filter(reason="uncertain").count() == 4
    assert workflow.queue.filter(reason="new", priority=1.0).count() == 6


def test_what_failed_is_scored_again_by_the_schedule(champion, pretend, monkeypatch):
    run = start_scoring(champion, [(array_of(champion), 0, 4), (array_of(champion), 4, 10)])
    first, second = run.shards.order_by("start")
    scoring.shard(second.pk)
    with monkeypatch.context() as broken:
        broken.setattr(scores, "write_scores", fail)
        scoring.shard(first.pk)
    jobs.finish_scoring(run.pk)
    assert [(shard.start, shard.error) for shard in failures(champion)] == [(0, "No.")]
    assert Score.objects.count() == 6
    (again,) = score_arrivals()
    assert list(again.shards.values_list("start", "stop")) == [(0, 4)]
    finish_all()
    assert Score.objects.count() == 10
    assert failures(champion) == score_arrivals() == []


def test_what_fails_each_time_waits_for_an_admin(champion, pretend, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(scores, "write_scores", fail)
        for _ in range(TRIES):
            assert len(score_arrivals()) == 1
            finish_all()
        assert score_arrivals() == []
        assert len(failures(champion)) == 1
    assert score_unscored(champion, given_up=True) is not None
    assert score_unscored(champion, given_up=True) is None
    finish_all()
    assert Score.objects.count() == 10


def test_what_fails_while_subjects_keep_arriving_waits_for_an_admin_too(champion, survey, pretend, monkeypatch):
    monkeypatch.setattr(scores, "write_scores", fail)
    for number in range(TRIES):
        assert [run.shards.get().start for run in score_arrivals()] == [0]
        finish_all()
        sky.subjects(survey, [True], prefix=f"late{number}-")
    (run,) = score_arrivals()
    assert list(run.shards.values_list("start", "stop")) == [(10, 13)]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9))), st.integers(1, 3))
def test_covered_often_is_what_so_many_cover(covered, least):
    ranges = [(start, start + length) for start, length in covered]
    found = [place for start, stop in covered_often(ranges, least) for place in range(start, stop)]
    assert found == [place for place in range(40) if sum(start <= place < stop for start, stop in ranges) >= least]


def test_a_model_that_is_champion_again_owes_its_scores_anew(champion, workflow, pretend):
    score_arrivals()
    finish_all()
    other = sky.checkpoint(workflow)
    promote(checkpoint=other, by=None, reason="better")
    finish_all()
    promote(checkpoint=champion, by=None, reason="better")
    ScoringShard.objects.filter(run__checkpoint=champion, state=JobState.QUEUED).update(state=JobState.FAILED)
    assert len(failures(champion)) == 1


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9))), st.integers(0, 40))
def test_gaps_are_what_nothing_covers(covered, last):
    ranges = [(start, start + length) for start, length in covered]
    missing = [place for start, stop in gaps(0, last, ranges) for place in range(start, stop)]
    assert missing == sorted(set(range(last)) - {place for start, stop in ranges for place in range(start, stop)})


def fail(*args):
    raise ValueError("No.")


def test_features_are_computed_once_and_kept(champion, survey, pretend):
    for _ in range(2):
        scoring.shard(start_scoring(champion).shards.get().pk)
    assert sum(pretend) == 10
    store = PixelStore(sky.settings.PIXELS)
    assert np.isfinite(store.features("sky", array_of(champion), "pretend", 0, 10)).all()


def test_pixels_of_no_row_or_of_another_kind_are_not_scored(champion, rows, pretend):
    rows[3].delete()
    rows[5].kind = "cutout"
    rows[5].save()
    scoring.shard(start_scoring(champion).shards.get().pk)
    assert Score.objects.count() == 8


def test_synthetic_movers_are_scored_but_count_neither_as_drift_nor_as_changes(champion, workflow, survey, pretend):
    [drawn] = sky.subjects(survey, [True], prefix="drawn", is_synthetic=True)
    scoring.shard(start_scoring(champion).shards.get().pk)
    assert Score.objects.get(checkpoint=champion, subject=drawn).p_real == pytest.approx(0.25)
    found = drift_of(champion)
    assert found.reference + sum(night.n for night in found.nights) == 10
    other = sky.checkpoint(workflow)
    same = {"probabilities": [0.1, 0.9], "p_real": 0.9, "entropy": 0.3}
    Score.objects.bulk_create(Score(checkpoint=other, subject=row, **same) for row in Subject.objects.all())
    assert changed(champion, other, most=20)[:2] == (10, 0)


def test_a_newer_model_of_the_workflow_stops_the_scoring_of_an_older_shadow(champion, workflow):
    shadow, newer = sky.checkpoint(workflow), sky.checkpoint(workflow)
    runs = {model: start_scoring(model) for model in (champion, shadow)}
    score_shadow(newer, champion)
    runs[newer] = newer.scoring_runs.get()
    states = {model: ScoringRun.objects.get(pk=run.pk).state for model, run in runs.items()}
    assert states == {champion: "queued", shadow: "cancelled", newer: "queued"}
    assert runs[shadow].shards.get().state == JobState.CANCELLED


@pytest.mark.parametrize("is_newer", [True, False])
def test_a_champion_that_scores_arrivals_leaves_a_shadow_to_its_scoring(champion, workflow, is_newer):
    other = sky.checkpoint(workflow)
    shadow = other if is_newer else champion
    Checkpoint.objects.update(is_champion=False)
    Checkpoint.objects.filter(pk=(champion if is_newer else other).pk).update(is_champion=True)
    run = start_scoring(shadow)
    assert len(score_arrivals()) == 1
    run.refresh_from_db()
    assert (run.state, run.shards.get().state) == (JobState.QUEUED, JobState.QUEUED)


def test_a_new_shadow_leaves_the_champion_before_to_its_scoring(workflow):
    before = sky.checkpoint(workflow)
    for model in (before, sky.checkpoint(workflow)):
        promote(checkpoint=model, by=None, reason="better")
    run = start_scoring(before)
    score_shadow(sky.checkpoint(workflow), Checkpoint.objects.get(is_champion=True))
    run.refresh_from_db()
    assert run.state == JobState.QUEUED


def test_a_model_that_is_demoted_stops_scoring_unless_an_admin_has_asked_for_its_scores(workflow, survey):
    first, newer = sky.checkpoint(workflow), sky.checkpoint(workflow)
    promote(checkpoint=first, by=None, reason="the first")
    asked = score_archive(newer, member(survey, "admin"))
    promote(checkpoint=newer, by=None, reason="better")
    (own,) = newer.scoring_runs.filter(requested_by=None)
    rollback(survey=survey, role="stamp", by=None)
    for run, state in ((own, JobState.CANCELLED), (asked, JobState.QUEUED)):
        run.refresh_from_db()
        assert (run.state, run.shards.get().state) == (state, state)


def test_what_arrives_later_is_scored_by_the_champion_and_nothing_twice(champion, survey, pretend):
    assert [run.shards.get().total for run in score_arrivals()] == [10]
    assert score_arrivals() == []
    finish_all()
    assert score_arrivals() == []
    sky.subjects(survey, [True] * 3, prefix="late")
    ingest = IngestRun.objects.create(survey=survey, path="p", subject_set="s", state=JobState.RUNNING)
    assert score_arrivals() == []
    IngestRun.objects.filter(pk=ingest.pk).update(state=JobState.DONE)
    (run,) = score_arrivals()
    assert list(run.shards.filter(state=JobState.QUEUED).values_list("start", "stop")) == [(10, 13)]
    finish_all()
    assert Score.objects.filter(checkpoint=champion).count() == 13


def test_a_stream_that_brings_subjects_all_day_has_one_scoring_run(champion, survey, workflow, pretend):
    score_arrivals()
    finish_all()
    for number in range(3):
        sky.queue(workflow, sky.subjects(survey, [True] * 2, prefix=f"late{number}-"))
        score_arrivals()
        finish_all()
    run = ScoringRun.objects.get()
    assert (run.state, run.attempts) == ("done", 1)
    assert list(run.shards.order_by("start").values_list("start", "stop", "done")) == [(0, 14, 14), (14, 16, 2)]
    assert Score.objects.count() == 16
    ScoringRun.objects.update(created_at=timezone.now() - timedelta(days=2))
    sky.subjects(survey, [True], prefix="tomorrow")
    assert [new.pk != run.pk for new in score_arrivals()] == [True]


def test_a_run_with_a_failed_shard_is_not_reopened(champion, survey, pretend):
    score_arrivals()
    finish_all()
    ScoringShard.objects.update(state=JobState.FAILED)
    assert [run.shards.count() for run in score_arrivals()] == [1]
    assert ScoringRun.objects.count() == 2


def finish_all():
    for shard in ScoringShard.objects.filter(state=JobState.QUEUED):
        scoring.shard(shard.pk)
    for run in ScoringRun.objects.filter(state=JobState.QUEUED):
        jobs.finish_scoring(run.pk)
