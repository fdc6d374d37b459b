"""The files in which open training runs keep their state, for a worker that takes one over."""

from pathlib import Path

from django.conf import settings

from webapp.core.jobs import JobState
from webapp.learning.models import TrainingRun

FOLDER = "training"
OPEN = (JobState.QUEUED, JobState.RUNNING)


def state_path(run: TrainingRun) -> Path:
    """Return where a run keeps its state; a few times the size of its model."""
    return Path(settings.DATA) / FOLDER / f"{run.pk}.safetensors"


def delete_old_states() -> None:
    """Delete the states of runs that have ended, however they ended."""
    needed = {state_path(run) for run in TrainingRun.objects.filter(state__in=OPEN)}
    for path in (Path(settings.DATA) / FOLDER).glob("*.safetensors"):
        if path not in needed:
            path.unlink(missing_ok=True)
