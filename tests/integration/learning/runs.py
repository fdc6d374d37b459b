"""Training runs as a worker does them."""

from tasks.learning import train
from webapp.core.jobs import JobState
from webapp.learning.models import TrainingRun
from webapp.learning.triggers import start_training


def trained(workflow, **fields):
    """Start a run and carry it out; return it as it ended."""
    run = start_training(workflow=workflow, by=None, **fields)
    train.run(run.pk)
    run.refresh_from_db()
    return run


def take_up(run):
    """Let another worker claim the run after its own has died."""
    TrainingRun.objects.filter(pk=run.pk).update(state=JobState.QUEUED)
    train.run(run.pk)
    run.refresh_from_db()
