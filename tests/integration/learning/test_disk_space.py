"""A full disk, and a killed worker: the training waits for room, and what it had written of pixels is gone."""

import errno
from datetime import timedelta

import numpy as np
import pytest
from django.conf import settings
from django.db.models.functions import Now

from ml.storage.pixel_store import PixelStore
from tasks.learning import score_shard
from tasks.learning.examples import pixels_of
from tests.integration.learning import sky
from tests.integration.learning.runs import trained
from webapp.core.jobs import JobState
from webapp.learning.curate_labels import labels
from webapp.learning.models import ScoringShard

pytestmark = pytest.mark.django_db

REAL = np.arange(40) % 2 == 0


@pytest.fixture
def workflow():
    return sky.gold_workflow(REAL)


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("preset", "place"), [("small", "os.posix_fallocate"), ("head", "ml.inference.checkpoint.tempfile.TemporaryFile")]
)
def test_a_training_waits_for_room_wherever_it_meets_a_full_disk(workflow, monkeypatch, preset, place):
    monkeypatch.setattr(place, full)
    run = trained(workflow, preset=preset)
    assert (run.state, run.error) == (JobState.RUNNING, "")
    assert "Free some space" in run.message


def test_a_scoring_waits_for_room_for_features_and_goes_on_by_itself(workflow, monkeypatch):
    run = trained(workflow)
    shard = ScoringShard.objects.filter(run__checkpoint=run.checkpoint).first()
    PixelStore(settings.PIXELS).forget_features("sky", run.checkpoint.manifest["feature_key"])
    with monkeypatch.context() as patched:
        patched.setattr(PixelStore, "write_features", full)
        score_shard.shard(shard.pk)
    shard.refresh_from_db()
    assert (shard.state, shard.error) == (JobState.RUNNING, "")
    assert "Free some space" in shard.message
    ScoringShard.objects.filter(pk=shard.pk).update(lease_until=Now() - timedelta(seconds=1))
    score_shard.shard(shard.pk)
    shard.refresh_from_db()
    assert shard.state == JobState.DONE
    assert run.checkpoint.scores.count() == len(REAL)


def test_the_pixels_of_a_training_are_no_file_that_a_killed_worker_could_leave(workflow):
    folder, known = settings.DATA / "temporary", labels(workflow)
    with pixels_of(known, PixelStore(settings.PIXELS), "sky", folder) as pixels:
        assert not list(folder.iterdir())
        assert pixels.shape == (len(known), 1, 1, 21, 21)
        whole = PixelStore(settings.PIXELS).slab("sky", known[0].array, 0, len(REAL))
        np.testing.assert_array_equal(pixels, whole[[label.index for label in known]])
