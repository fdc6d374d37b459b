"""Diverse priorities from stored features: several kinds of subjects first, one of each object, and why."""

import numpy as np
import pytest
from django.conf import settings
from django.db.models import F

from ml.storage.pixel_store import PixelStore
from tests.integration.learning import sky
from webapp.learning import acquisition, scores
from webapp.learning.acquisition import write_priorities
from webapp.learning.acquisition_pool import features_of, object_groups_of
from webapp.learning.models import Checkpoint

pytestmark = pytest.mark.django_db
KEY = "0123456789abcdef"
N = 300


@pytest.fixture
def workflow():
    return sky.workflow(sky.survey(), positive_fraction=0.0)


@pytest.fixture
def champion(workflow):
    return sky.checkpoint(workflow, is_champion=True, manifest={"preset": "head", "feature_key": KEY})


@pytest.fixture
def rows(workflow, champion):
    """Three hundred subjects of three kinds; some of the common kind are the most uncertain."""
    rows = sky.subjects(workflow.survey, [True] * N)
    sky.queue(workflow, rows)
    common = np.where(np.arange(N) < 50, 0.5, 0.1)
    p_real = np.where(kinds() == 0, common, np.where(kinds() == 1, 0.3, 0.8))
    scores.write_scores(champion.pk, keys(rows), np.stack([1 - p_real, p_real], 1), p_real)
    return rows


def kinds():
    return np.random.default_rng(2).choice(3, N, p=[0.8, 0.1, 0.1])


def keys(rows):
    return np.array([row.pk for row in rows])


def store_features(workflow, rows, copies=0):
    features = np.random.default_rng(3).normal(size=(N, 1, 12)) + 20 * np.eye(3, 12)[kinds()][:, None]
    features[N - copies :] = features[:copies]
    PixelStore(settings.PIXELS).write_features(workflow.survey.slug, rows[0].zarr_array, KEY, 0, features)
    return features[:, 0]


def first(workflow, n):
    return list(workflow.queue.order_by("-priority", "id").values_list("subject", flat=True)[:n])


def kinds_of(rows, subjects):
    return {int(kinds()[keys(rows).tolist().index(subject)]) for subject in subjects}


def test_the_first_ten_are_of_every_kind_and_without_features_of_one(workflow, champion, rows):
    assert write_priorities(workflow, champion).lacks_features
    assert kinds_of(rows, first(workflow, 10)) == {0}
    assert set(workflow.queue.values_list("reason", flat=True)) == {"uncertain"}
    store_features(workflow, rows)
    assert not write_priorities(workflow, champion).lacks_features
    assert kinds_of(rows, first(workflow, 20)) == {0, 1, 2}
    assert set(workflow.queue.values_list("reason", flat=True)) == {"diverse"}


def test_only_the_head_is_spread_and_the_rest_follow_by_uncertainty(workflow, champion, rows, monkeypatch):
    monkeypatch.setattr(acquisition, "HEAD", 40)
    store_features(workflow, rows)
    write_priorities(workflow, champion)
    order = list(workflow.queue.order_by("-priority").values_list("reason", "priority"))
    assert [reason for reason, _ in order] == ["diverse"] * 40 + ["uncertain"] * (N - 40)
    assert order[39][1] > 0.5 >= order[40][1]


def test_a_repeated_run_changes_nothing(workflow, champion, rows):
    store_features(workflow, rows)
    assert write_priorities(workflow, champion).changed == N
    assert write_priorities(workflow, champion).changed == 0


def test_pictures_of_one_object_are_not_next_to_each_other(workflow, champion, rows, monkeypatch):
    monkeypatch.setattr(acquisition, "HEAD", 20)
    store_features(workflow, rows)
    for place, row in enumerate(rows):
        row.object_group = f"object {place // 3}"
    type(rows[0]).objects.bulk_update(rows, ["object_group"])
    write_priorities(workflow, champion)
    groups = object_groups_of(np.array(first(workflow, 20)))
    assert len(set(groups)) == 20


def test_copies_of_a_picture_are_not_next_to_each_other(workflow, champion, rows, monkeypatch):
    monkeypatch.setattr(acquisition, "HEAD", 50)
    features = store_features(workflow, rows, copies=100)
    write_priorities(workflow, champion)
    places = [keys(rows).tolist().index(subject) for subject in first(workflow, 50)]
    assert len(np.unique(features[places], axis=0)) == 50


def test_likely_movers_have_their_share_and_their_reason(workflow, champion, rows, monkeypatch):
    monkeypatch.setattr(acquisition, "HEAD", 40)
    store_features(workflow, rows)
    workflow.positive_fraction = 0.25
    workflow.save()
    write_priorities(workflow, champion)
    positive = list(workflow.queue.filter(reason="positive").values_list("subject", flat=True))
    assert len(positive) == 10
    assert kinds_of(rows, positive) == {2}


def test_one_more_vote_is_worth_most_where_model_and_crowd_are_unsure(workflow, champion, rows):
    workflow.acquisition = "vote"
    workflow.save()
    settled, contested = rows[0], rows[1]
    for row, posterior in ((settled, 0.9999), (contested, 0.5)):
        scores.write_scores(champion.pk, np.array([row.pk]), np.array([[0.5, 0.5]]), np.array([0.5]))
        sky.votes(workflow, row, posterior=posterior)
    write_priorities(workflow, champion)
    priority = dict(workflow.queue.values_list("subject", "priority"))
    assert priority[contested.pk] > priority[settled.pk]
    assert set(workflow.queue.values_list("reason", flat=True)) == {"vote"}


def test_features_are_those_of_the_subjects_asked_for(workflow, champion, rows):
    features = store_features(workflow, rows)
    some = np.array([250, 3, 130])
    assert features_of(champion, keys(rows)[some]) == pytest.approx(features[some], abs=0.02)


def test_subjects_without_features_are_nan_and_a_detector_has_none(workflow, champion, rows):
    store_features(workflow, rows)
    late = sky.subjects(workflow.survey, [True] * 200, prefix="late")
    found = features_of(champion, np.array([rows[0].pk, late[-1].pk]))
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()
    Checkpoint.objects.update(role="cube")
    assert features_of(Checkpoint.objects.get(), keys(rows)) is None


def test_an_entry_that_retires_meanwhile_keeps_its_priority(workflow, champion, rows):
    store_features(workflow, rows)
    workflow.queue.update(is_retired=True, priority=F("random_key"))
    before = dict(workflow.queue.values_list("id", "priority"))
    assert write_priorities(workflow, champion).changed == 0
    assert dict(workflow.queue.values_list("id", "priority")) == before


def test_a_model_of_the_same_labels_chooses_the_same_batch_another_day(workflow, champion, rows):
    store_features(workflow, rows)
    write_priorities(workflow, champion)
    once = first(workflow, 60)
    again = sky.checkpoint(workflow, sha256="f" * 64, manifest=champion.manifest)
    Checkpoint.objects.filter(pk=champion.pk).update(is_champion=False)
    Checkpoint.objects.filter(pk=again.pk).update(is_champion=True)
    p_real = scores.Score.objects.filter(checkpoint=champion).order_by("subject").values_list("p_real", flat=True)
    p_real = np.array(list(p_real))
    scores.write_scores(again.pk, np.sort(keys(rows)), np.stack([1 - p_real, p_real], 1), p_real)
    workflow.queue.update(priority=F("random_key"))
    write_priorities(workflow, again)
    assert first(workflow, 60) == once
