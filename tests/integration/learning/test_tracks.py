"""Tracklets on the site: their frames' rows have times and positions, and the champion uses them."""

import numpy as np
import pytest
from django.conf import settings

from ml.inference.checkpoint import Checkpoint as Files
from ml.inference.scorer import Scorer
from tasks.learning import evaluate_checkpoint, examples, score_shard, train
from tests.acceptance.people import member
from tests.integration.learning import sky
from tests.unit.training.test_resume import shorten
from webapp.archive.models import Frame
from webapp.core.jobs import JobState
from webapp.learning.model_roles import ROLE_OF_KIND
from webapp.learning.models import Checkpoint, Score
from webapp.learning.promotion import promote
from webapp.learning.scoring import start_scoring
from webapp.learning.triggers import start_training

pytestmark = pytest.mark.django_db

REAL = np.arange(80) % 2 == 0
STRAIGHT, CROOKED = np.zeros(4), np.array([0, 3, -3, 0]) / 3600


def seen(rows, straight):
    """Give each subject frame rows that follow a line, or don't, and detector positions."""
    for row, is_straight in zip(rows, straight, strict=True):
        off = STRAIGHT if is_straight else CROOKED
        Frame.objects.bulk_create(
            Frame(
                subject=row,
                position=k,
                mjd_mid=60600 + k / 144,
                mjd_keyword=f"mjd{k + 1} of the manifest",
                ra=10 + k / 3600,
                dec=5 + off[k],
                mag=18.0,
                snr=20.0,
            )
            for k in range(4)
        )


def test_rows_become_tracks_in_the_order_that_is_asked_for():
    rows = sky.subjects(sky.survey(), [True] * 3, kind="tracklet", frames=4)
    seen(rows[:2], [True, False])
    rows[1].metadata = {"#x2": "7.5", "#y2": "8"}
    rows[1].save()
    found = examples.tracks_of_subjects([rows[2].pk, rows[1].pk, rows[0].pk], [4, 4, 4])
    assert np.isnan(found.fields[0]).all()
    assert found.present.all()
    assert found.of("dec")[1] == pytest.approx(5 + CROOKED)
    assert found.of("mjd")[2] == pytest.approx(60600 + np.arange(4) / 144)
    assert found.of("x")[1].tolist() == pytest.approx([np.nan, 7.5, np.nan, np.nan], nan_ok=True)


def test_a_champion_learns_from_motion_and_scores_by_it():
    """All stamps are alike; only the motion differs."""
    workflow = sky.workflow(sky.survey(), kind="tracklet")
    rows = sky.subjects(workflow.survey, np.ones(80, bool), kind="tracklet", frames=4)
    seen(rows, REAL)
    sky.make_gold(rows, REAL)
    run = start_training(workflow=workflow, by=None)
    train.run(run.pk)
    run.refresh_from_db()
    evaluation = run.checkpoint.evaluations.get()
    assert evaluation.metrics["roc_auc"] > 0.95, run.message
    assert evaluation.metrics["threshold"] == run.checkpoint.manifest["threshold"] == run.checkpoint.threshold
    score_shard.shard(start_scoring(run.checkpoint).shards.get().pk)
    p = dict(Score.objects.filter(checkpoint=run.checkpoint).values_list("subject_id", "p_real"))
    said = np.array([p[row.pk] for row in rows])
    assert said[REAL].min() > said[~REAL].max()
    assert Scorer(Files.load(settings.DATA / run.checkpoint.folder)).manifest["tracklet_net"] == "set"


def test_a_whole_network_learns_from_tracklets_of_several_lengths(client, monkeypatch):
    shorten(monkeypatch, views=4000, fewest=0, rounds=4)
    workflow = sky.workflow(sky.survey(), kind="tracklet")
    for frames, prefix in ((3, "a"), (5, "b")):
        rows = sky.subjects(workflow.survey, REAL, kind="tracklet", frames=frames, prefix=prefix, seed=frames)
        sky.make_gold(rows, REAL)
    run = start_training(workflow=workflow, by=None, preset="small")
    train.run(run.pk)
    run.refresh_from_db()
    assert run.state == JobState.DONE, run.error
    assert run.checkpoint.evaluations.get().metrics["roc_auc"] > 0.9
    client.force_login(member(workflow.survey, "admin"))
    page = client.get(f"/surveys/{workflow.survey.slug}/learning/runs/{run.pk}/").content.decode()
    assert f"Trained in {run.checkpoint.manifest['compute']['precision']}, " in page


def test_what_is_called_real_is_so_by_the_checkpoints_own_threshold(client):
    workflow = sky.workflow(sky.survey("night"), kind="tracklet")
    rows = sky.subjects(workflow.survey, REAL, kind="tracklet", frames=4)
    sky.make_gold(rows, REAL)
    run = start_training(workflow=workflow, by=None)
    train.run(run.pk)
    run.refresh_from_db()
    evaluation = run.checkpoint.evaluations.get()
    assert evaluation.metrics["confusion"][0][0] > 0  # bogus that is rejected at the model's own threshold
    run.checkpoint.manifest["threshold"] = 0.0
    run.checkpoint.save()
    metrics = evaluate_checkpoint.evaluate(run, run.checkpoint, None, evaluation.test_set).metrics
    assert [said_bogus for said_bogus, _ in metrics["confusion"]] == [0, 0]
    assert (metrics["recall"], metrics["threshold"]) == (1, 0)
    run.checkpoint.evaluations.update(metrics=metrics)
    if not run.checkpoint.is_champion:
        promote(checkpoint=run.checkpoint, by=None, reason="for this test")
    client.force_login(member(workflow.survey, "admin"))
    page = client.get(f"/surveys/night/learning/runs/{run.pk}/").content.decode()
    assert "Decision threshold: 0.000. Chosen on the validation set" in page
    assert "real from 0.000" in client.get("/surveys/night/learning/").content.decode()


@pytest.mark.parametrize("kind", ["stamp", "cutout", "cube"])
def test_only_a_tracklet_model_has_a_threshold_of_its_own(kind):
    row = Checkpoint(role=ROLE_OF_KIND[kind], manifest={"threshold": 0.9})
    assert row.threshold == 0.5
