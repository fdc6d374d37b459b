"""A survey with stamps of one and of three channels: one model learns from both, scores both, and orders both."""

import numpy as np
import pytest
from django.conf import settings

from ml.storage.pixel_store import PixelStore
from tasks import jobs
from tasks.learning import score_shard
from tests.integration.learning import sky
from tests.integration.learning.runs import trained
from webapp.archive.models import Subject
from webapp.core.jobs import JobState
from webapp.learning.models import Score, ScoringShard

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sky_backbone")]
GOLD, ASKED = 60, 12
REAL = np.arange(GOLD + ASKED) % 2 == 0


@pytest.fixture
def workflow():
    return sky.workflow(sky.survey())


def subjects(workflow, real, channels):
    """Store stamps whose first channel has the source; the first `GOLD` are gold and the others are queued."""
    planes = [sky.stamps(real if seed == 0 else 0 * real, seed=seed) for seed in range(channels)]
    stamps = np.concatenate(planes, axis=2)
    array, first = PixelStore(settings.PIXELS).append(workflow.survey.slug, stamps)
    names = [f"{channels} channels {place}" for place in range(len(real))]
    rows = Subject.objects.bulk_create(
        Subject(
            survey=workflow.survey,
            external_id=name,
            kind="stamp",
            checksum=name,
            object_group=name,
            zarr_array=array,
            zarr_index=first + place,
        )
        for place, name in enumerate(names)
    )
    sky.make_gold(rows[:GOLD], real[:GOLD])
    sky.queue(workflow, rows[GOLD:])
    return rows


def scored(checkpoint):
    for shard in ScoringShard.objects.order_by("pk"):
        score_shard.shard(shard.pk)
    assert set(ScoringShard.objects.values_list("state", flat=True)) == {JobState.DONE}
    jobs.finish_scoring(checkpoint.scoring_runs.get().pk)
    return dict(Score.objects.filter(checkpoint=checkpoint).values_list("subject", "p_real"))


@pytest.mark.parametrize("acquisition", ["diverse", "disagree"])
def test_both_are_learnt_from_scored_and_ordered(workflow, acquisition):
    type(workflow).objects.update(acquisition=acquisition)
    groups = [subjects(workflow, REAL, channels) for channels in (1, 3)]
    run = trained(workflow)
    assert run.state == JobState.DONE, run.error
    assert run.checkpoint.is_champion, run.message
    p_real = scored(run.checkpoint)
    for rows in groups:
        found = np.array([p_real[row.pk] for row in rows])
        assert found[REAL].min() > found[~REAL].max()
    assert set(workflow.queue.filter(is_gold=False).values_list("reason", flat=True)) <= {
        "diverse", "disagreed", "positive",
    }  # fmt: skip


@pytest.mark.parametrize(("learnt", "later"), [(1, 3), (3, 1)])
def test_a_model_that_learnt_from_one_width_scores_the_other(workflow, learnt, later):
    subjects(workflow, REAL, learnt)
    run = trained(workflow)
    rows = subjects(workflow, REAL[:ASKED], later)
    ScoringShard.objects.create(
        run=run.checkpoint.scoring_runs.get(), zarr_array=rows[0].zarr_array, start=0, stop=ASKED, total=ASKED
    )
    p_real = scored(run.checkpoint)
    found = np.array([p_real[row.pk] for row in rows])
    assert found[REAL[:ASKED]].min() > found[~REAL[:ASKED]].max()
