"""The first batch: before there is a model, a worker puts typical subjects of different objects before all others."""

import numpy as np
import pytest
from django.conf import settings
from django.db.models.functions import Now

from ml.storage.pixel_store import PixelStore
from tasks import housekeeping
from tasks.learning import first_batch, model_cache
from tasks.learning.features import Features
from tests.integration.classify.test_next_and_submit import answer
from tests.integration.learning import sky
from tests.integration.people import browser, member, others
from tests.integration.world import client_of, make_volunteer
from webapp.archive.models import IngestRun, Subject
from webapp.core.jobs import JobState
from webapp.learning import scores
from webapp.learning.acquisition import write_priorities
from webapp.learning.first_batch import start_first_batches
from webapp.learning.models import FirstBatch, TrainingRun
from webapp.queue.membership import enqueue_subjects

pytestmark = pytest.mark.django_db

REAL = np.arange(40) % 4 == 0
PAGE = "/surveys/sky/learning/"


@pytest.fixture
def workflow():
    fields = {"random_fraction": 0.0, "training_schedule": [[0, 0.0]], "undo_seconds": 0}
    return sky.workflow(sky.survey(), **fields)


@pytest.fixture
def rows(workflow):
    return queued(workflow, REAL)


def queued(workflow, real, **fields):
    rows = sky.subjects(workflow.survey, real, **fields)
    sky.queue(workflow, [])
    workflow.subject_sets.get().subjects.add(*rows)
    enqueue_subjects(workflow)
    return rows


def chosen(batch):
    first_batch.first_batch(batch.pk)
    batch.refresh_from_db()
    return batch


def typical(workflow):
    """Return the subjects of batches, first to ask first."""
    order = workflow.queue.filter(reason="typical").order_by("-priority", "id")
    return list(order.values_list("subject", flat=True))


def untouched(workflow):
    return set(workflow.queue.values_list("priority", "reason")) == {(1.0, "new")}


def test_half_of_a_small_survey_is_typical_and_leads_the_queue(workflow, rows):
    housekeeping.retrain()
    batch = FirstBatch.objects.get()
    chosen(batch)
    assert (batch.state, batch.done, batch.total) == (JobState.DONE, 40, 40), batch.error
    assert batch.message == "20 typical subjects, chosen from 40."
    first = typical(workflow)
    assert list(workflow.queue.order_by("-priority", "id").values_list("subject", flat=True)[:20]) == first
    real = dict(zip([row.pk for row in rows], REAL, strict=True))
    assert {real[subject] for subject in first[:8]} == {True, False}
    assert set(workflow.queue.exclude(reason="typical").values_list("priority", "reason")) == {(1.0, "new")}
    housekeeping.retrain()
    assert FirstBatch.objects.count() == 1
    store, key = PixelStore(settings.PIXELS), model_cache.packaged().feature_key
    assert np.isfinite(store.features("sky", rows[0].zarr_array, key, 0, 40)).all(), "The first model reads them."


def test_the_answer_says_why(workflow, rows):
    chosen(start_first_batches()[0])
    client = client_of(make_volunteer("ann"))
    item = client.get(f"/api/workflows/{workflow.slug}/next/", {"n": 1}).json()["items"][0]
    assert item["subject"]["id"] == typical(workflow)[0]
    assert client.post("/api/classifications/", answer(item), format="json").json()["reason"] == "typical"


def test_no_object_comes_twice_nor_in_a_later_batch(workflow):
    for row in queued(workflow, np.ones(30)):
        Subject.objects.filter(pk=row.pk).update(object_group=f"object {row.zarr_index % 10}")
    chosen(start_first_batches()[0])
    assert objects(workflow) == [f"object {n}" for n in range(10)]
    for row in queued(workflow, np.ones(30), prefix="later", seed=1):
        Subject.objects.filter(pk=row.pk).update(object_group=f"object {row.zarr_index % 12}")
    batch = chosen(start_first_batches()[0])
    assert batch.message.startswith("2 typical subjects")
    assert objects(workflow) == sorted(f"object {n}" for n in range(12))


def objects(workflow):
    return sorted(Subject.objects.filter(pk__in=typical(workflow)).values_list("object_group", flat=True))


def test_nobody_is_asked_first_about_an_object_with_votes_or_gold(workflow, rows):
    sky.votes(workflow, rows[0], posterior=0.7)
    Subject.objects.filter(pk=rows[1].pk).update(object_group=rows[0].object_group)
    workflow.queue.filter(subject=rows[2]).update(is_gold=True)
    workflow.queue.filter(subject=rows[3]).update(is_retired=True)
    batch = chosen(start_first_batches()[0])
    assert batch.total == 36
    assert not {row.pk for row in rows[:4]} & set(typical(workflow))


def test_a_queue_must_double_before_another_batch(workflow, rows):
    chosen(start_first_batches()[0])
    queued(workflow, np.ones(39), prefix="b", seed=1)
    assert start_first_batches() == []
    queued(workflow, np.ones(1), prefix="c", seed=2)
    first = typical(workflow)
    chosen(start_first_batches()[0])
    assert set(first) < set(typical(workflow))


def test_late_arrivals_wait_behind_the_batch_and_a_model_orders_all(workflow, rows):
    chosen(start_first_batches()[0])
    late = queued(workflow, np.ones(4), prefix="late", seed=1)
    order = list(workflow.queue.order_by("-priority", "id").values_list("subject", flat=True))
    assert order[:20] == typical(workflow)
    champion = sky.checkpoint(workflow, is_champion=True)
    ids, p_real = np.array([row.pk for row in rows]), np.linspace(0.1, 0.9, 40)
    scores.write_scores(champion.pk, ids, np.stack([1 - p_real, p_real], 1), p_real)
    write_priorities(workflow, champion)
    assert typical(workflow) == []
    assert workflow.queue.filter(priority__gt=1).count() == 0
    assert set(workflow.queue.filter(priority=1, reason="new").values_list("subject", flat=True)) == {
        row.pk for row in late
    }


@pytest.mark.parametrize(
    "fields",
    [{"kind": "cube"}, {"kind": "cutout"}, {"is_active": False}, {"random_fraction": 1.0}, {"is_training": True}],
)
def test_workflows_that_do_not_follow_priorities_or_have_no_features_get_none(workflow, rows, fields):
    type(workflow).objects.update(**fields)
    assert start_first_batches() == []


def test_none_is_chosen_during_an_ingest_or_a_training_or_without_subjects(workflow):
    assert start_first_batches() == []
    queued(workflow, REAL)
    ingest = IngestRun.objects.create(survey=workflow.survey, path="x")
    assert start_first_batches() == []
    ingest.delete()
    training = TrainingRun.objects.create(survey=workflow.survey, workflow=workflow, role="stamp")
    assert start_first_batches() == []
    TrainingRun.objects.filter(pk=training.pk).update(state=JobState.DONE)
    assert len(start_first_batches()) == 1


def test_an_order_that_something_else_has_set_stays(workflow, rows):
    workflow.queue.update(priority=0.5)
    assert start_first_batches() == []


def test_with_a_champion_nothing_starts_and_what_has_started_changes_nothing(workflow, rows):
    batch = start_first_batches()[0]
    sky.checkpoint(workflow, is_champion=True)
    assert "a model became champion meanwhile" in chosen(batch).message
    assert untouched(workflow)
    queued(workflow, np.ones(60), prefix="late", seed=1)
    assert start_first_batches() == []
    assert untouched(workflow)


def test_a_killed_worker_s_features_are_not_computed_again_and_the_batch_is_the_same(workflow, rows, monkeypatch):
    batch = start_first_batches()[0]
    with monkeypatch.context() as patched:
        patched.setattr(first_batch, "finish", killed)
        with pytest.raises(KeyboardInterrupt):
            first_batch.first_batch(batch.pk)
    batch.refresh_from_db()
    assert batch.state == JobState.RUNNING
    assert untouched(workflow)
    FirstBatch.objects.update(lease_until=Now())
    monkeypatch.setattr(Features, "_keep", killed)
    assert (chosen(batch).state, batch.attempts) == (JobState.DONE, 2)
    assert len(typical(workflow)) == 20


def killed(*_):
    raise KeyboardInterrupt


def test_a_message_delivered_twice_chooses_once(workflow, rows):
    batch = chosen(start_first_batches()[0])
    first = typical(workflow)
    assert chosen(batch).attempts == 1
    assert typical(workflow) == first


def test_a_worker_that_lost_its_lease_writes_nothing(workflow, rows, monkeypatch):
    batch = start_first_batches()[0]
    monkeypatch.setattr(first_batch, "typical_of", lambda sample, *_: taken_over(batch) or sample["entry"])
    first_batch.first_batch(batch.pk)
    assert untouched(workflow)


def taken_over(batch):
    FirstBatch.objects.filter(pk=batch.pk).update(lease_until=Now())
    FirstBatch.objects.claim(batch.pk)


def test_blank_pictures_are_not_typical_of_anything(workflow):
    pixels = np.full((30, 1, 1, 21, 21), np.nan, dtype=np.float32)
    pixels[20:] = sky.stamps(np.ones(10))
    rows = queued(workflow, np.ones(30))
    PixelStore(settings.PIXELS).append("sky", pixels, at=0)
    chosen(start_first_batches()[0])
    assert set(typical(workflow)) <= {row.pk for row in rows[20:]}
    assert len(typical(workflow)) == 5


def test_where_nothing_can_be_seen_the_order_stays(workflow):
    queued(workflow, np.ones(5))
    PixelStore(settings.PIXELS).append("sky", np.full((5, 1, 1, 21, 21), np.nan, dtype=np.float32), at=0)
    assert chosen(start_first_batches()[0]).message.startswith("Nothing was chosen: every waiting subject is blank")
    workflow.survey.subjects.update(pixels_dropped_at=Now())
    FirstBatch.objects.all().delete()
    assert chosen(start_first_batches()[0]).message.startswith("Nothing was chosen: every waiting subject is blank")
    assert untouched(workflow)


def test_subjects_of_several_shapes_are_chosen_together_and_a_rarer_number_of_channels_is_left_out(workflow):
    queued(workflow, REAL[:12])
    queued(workflow, REAL[:12], prefix="large", side=33)
    store, few = PixelStore(settings.PIXELS), sky.subjects(workflow.survey, np.ones(3), prefix="colour", side=19)
    array, _ = store.append("sky", np.repeat(sky.stamps(np.ones(3)), 3, axis=2))
    Subject.objects.filter(pk__in=[row.pk for row in few]).update(zarr_array=array)
    workflow.subject_sets.get().subjects.add(*few)
    enqueue_subjects(workflow)
    batch = chosen(start_first_batches()[0])
    assert batch.message == "12 typical subjects, chosen from 27."
    assert not {row.pk for row in few} & set(typical(workflow))


def test_a_failure_is_told_and_an_admin_has_it_chosen_again(workflow, rows, monkeypatch):
    batch = start_first_batches()[0]
    admin, scientist = browser(member(workflow.survey, "admin")), browser(member(workflow.survey, "scientist", "sci"))
    assert "a worker is choosing it" in page(scientist)
    with monkeypatch.context() as patched:
        patched.setattr(PixelStore, "slab", lambda *_: broken())
        assert chosen(batch).state == JobState.FAILED
    assert untouched(workflow)
    retry = f"{PAGE}first-batches/{batch.pk}/retry/"
    assert "the disk has a bad sector" in page(scientist)
    assert retry not in page(scientist)
    assert retry in page(admin)
    for client in others(workflow.survey):
        assert client.post(retry).status_code == 403
    batch.refresh_from_db()
    assert batch.state == JobState.FAILED
    assert "is being chosen again" in admin.post(retry, follow=True).content.decode()
    assert "Nothing has changed" in admin.post(retry, follow=True).content.decode()
    chosen(batch)
    assert "20 typical subjects, chosen from 40." in page(scientist)
    sky.checkpoint(workflow, is_champion=True)
    assert "typical subjects" not in page(scientist)


def test_a_failed_batch_is_not_retried_beside_an_open_one(workflow, rows):
    failed = FirstBatch.objects.create(workflow=workflow, pool=1, state=JobState.FAILED)
    start_first_batches()
    admin = browser(member(workflow.survey, "admin"))
    reply = admin.post(f"{PAGE}first-batches/{failed.pk}/retry/", follow=True).content.decode()
    assert "another is being chosen" in reply
    assert list(FirstBatch.objects.open().values_list("pool", flat=True)) == [40]


def test_tracklets_have_a_first_batch_too(workflow):
    type(workflow).objects.update(kind="tracklet")
    workflow.refresh_from_db()
    queued(workflow, REAL, kind="tracklet", frames=3)
    assert chosen(start_first_batches()[0]).message == "20 typical subjects, chosen from 40."


def broken():
    raise OSError("the disk has a bad sector")


def page(client):
    return client.get(PAGE).content.decode()


def test_a_detector_s_card_says_that_the_order_stays(workflow):
    type(workflow).objects.update(kind="cube")
    assert "because a detector has no features" in page(browser(member(workflow.survey, "scientist")))
