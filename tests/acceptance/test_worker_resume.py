"""A worker is killed in the middle of a network's training: another goes on, and the result is the same."""

import numpy as np
import pytest
from django.conf import settings

from ml.inference.checkpoint import Checkpoint as Files
from tests.acceptance import real_worker
from tests.acceptance.real_worker import running_worker, wait_until
from tests.integration.learning import sky
from webapp.core.jobs import JobState
from webapp.learning.models import Preset, TrainingEpoch, TrainingRun
from webapp.learning.triggers import start_training

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]

REAL = np.arange(80) % 2 == 0


@pytest.fixture(autouse=True)
def measure_nothing(monkeypatch):
    """Fix what would be timed, since the processor's load decides it, and drop this process's messages."""
    for name, value in {"PRECISION": "float32", "MEMORY_FORMAT": "channels_last", "TRAINING_THREADS": "1"}.items():
        monkeypatch.setenv(f"WANDERERS_{name}", value)
    monkeypatch.setattr("webapp.core.dispatch._publish", lambda task, args: None)
    monkeypatch.setattr(real_worker, "LEASE_SECONDS", 10)  # a busy machine interrupts the second run otherwise
    monkeypatch.setattr(real_worker, "PATIENCE", 280.0)


@pytest.fixture
def workflow():
    workflow = sky.workflow(sky.survey())
    rows = sky.subjects(workflow.survey, REAL)
    sky.make_gold(rows, REAL)
    return workflow


def reached(run, epoch):
    return lambda: TrainingEpoch.objects.filter(run=run, epoch__gte=epoch).exists()


def ended(run):
    return lambda: TrainingRun.objects.filter(pk=run.pk, finished_at__isnull=False).exists()


def weights(run):
    run.refresh_from_db()
    assert run.state == JobState.DONE, run.error
    return Files.load(settings.DATA / run.checkpoint.folder).tensors


def test_a_run_killed_after_some_epochs_goes_on_with_the_next_to_the_same_model(workflow, tmp_path):
    run = start_training(workflow=workflow, by=None, preset=Preset.SMALL)
    with running_worker(tmp_path) as worker:
        wait_until(reached(run, 3), "The third epoch", tmp_path)
        worker.kill()
        before = dict(run.epochs.values_list("epoch", "created_at"))
        worker.start()
        wait_until(ended(run), "The end of the resumed run", tmp_path)
        whole = start_training(workflow=workflow, by=None, preset=Preset.SMALL)
        wait_until(ended(whole), "The end of the uninterrupted run", tmp_path)
    again, uninterrupted = weights(run), weights(whole)
    assert (run.attempts, whole.attempts) == (2, 1), (tmp_path / "worker.log").read_text()
    assert run.resumed_at in (max(before), max(before) + 1), "At most the epoch of the kill is repeated."
    kept = dict(run.epochs.filter(attempt=run.attempts, epoch__lt=run.resumed_at).values_list("epoch", "created_at"))
    assert kept == {epoch: when for epoch, when in before.items() if epoch < run.resumed_at}
    assert f"resumed at epoch {run.resumed_at}" in (tmp_path / "worker.log").read_text()
    assert again.keys() == uninterrupted.keys()
    assert all((value == uninterrupted[name]).all() for name, value in again.items())
    assert not list((settings.DATA / "training").iterdir())
