"""Checkpoints that were saved, but whose worker died before they got their row: their disk space comes back."""

from pathlib import Path

import pytest
from django.conf import settings

from tasks import housekeeping
from tests.integration.learning import sky
from webapp.core.jobs import JobState
from webapp.learning.models import TrainingRun

pytestmark = pytest.mark.django_db


def left(name):
    folder = Path(settings.DATA) / "checkpoints" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.safetensors").write_bytes(b"x")
    return folder


def test_what_an_ended_run_saved_without_a_row_is_deleted_and_nothing_else():
    checkpoint = sky.checkpoint(sky.workflow(sky.survey()))
    run = checkpoint.run
    kept = left(f"sky-{run.pk}-2")
    type(checkpoint).objects.update(folder=f"checkpoints/{kept.name}")
    other = [left(f"sky-{run.pk + 1}-1"), left(f"elsewhere-{run.pk}-1"), left("packaged")]
    orphans = [left(f"sky-{run.pk}-1"), left(f".sky-{run.pk}-1-k3v_9x2a")]
    TrainingRun.objects.update(state=JobState.RUNNING)
    housekeeping.nightly_retention()
    assert all(folder.exists() for folder in (kept, *other, *orphans))
    TrainingRun.objects.update(state=JobState.FAILED)
    housekeeping.nightly_retention()
    assert all(folder.exists() for folder in (kept, *other)), "a run that is not here may be another database's"
    assert not any(folder.exists() for folder in orphans)
