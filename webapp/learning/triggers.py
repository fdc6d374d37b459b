"""Start training runs, by hand or once a workflow has enough new labels."""

from contextlib import suppress

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.core.jobs import JobState
from webapp.learning.models import Preset, TrainingRun
from webapp.learning.roles import role_of
from webapp.learning.training_sets.curate import labelled
from webapp.workflows.models import Workflow

OPEN = (JobState.QUEUED, JobState.RUNNING)
ASKED = {"preset", "minutes", "seed"}


class AlreadyTraining(ValueError):
    """A run of this workflow is in progress."""


@transaction.atomic
def start_training(
    *,
    workflow: Workflow,
    by: User | None,
    preset: str = Preset.HEAD,
    minutes: float | None = None,
    seed: int = 0,
    may_promote: bool = True,
    cross_validate: bool = False,
) -> TrainingRun:
    """Create and dispatch a training run for the workflow.

    Parameters
    ----------
    by
        The user; None for the scheduled task.
    preset
        The recipe; detectors always use their own.
    minutes
        Time limit for presets that train a whole network.
    may_promote
        False keeps the result a shadow, even if it passes the gate: a control arm.
    cross_validate
        Also score each label with a head that has not seen its object, for the preset "head"; see `cross_validated`.

    Raises
    ------
    AlreadyTraining
        If a run of the workflow is open; nothing is started.
    ValidationError
        If preset or minutes are out of bounds.
    """
    Workflow.objects.select_for_update(no_key=True).get(pk=workflow.pk)
    if (running := workflow.training_runs.filter(state__in=OPEN).first()) is not None:
        raise AlreadyTraining(
            _("Training run %(number)d is in progress. Wait for it to finish or cancel it; nothing was started.")
            % {"number": running.pk}
        )
    role = role_of(workflow)
    if preset == Preset.DETECTOR and not role.is_detector:
        said = _("This recipe is for workflows about cutouts and cubes. Choose another one for stamps and tracklets.")
        raise ValidationError({"preset": said})
    run = TrainingRun(
        survey=workflow.survey,
        workflow=workflow,
        role=role,
        preset=Preset.DETECTOR if role.is_detector else preset,
        minutes=minutes,
        seed=seed,
        may_promote=may_promote,
        cross_validate=cross_validate,
        requested_by=by,
    )
    run.clean_fields(exclude={field.name for field in TrainingRun._meta.fields} - ASKED)
    run.save()
    run.enqueue()
    return run


def cancel_training(run: TrainingRun) -> None:
    """Cancel a waiting run now, a running one at its next epoch. A finished run stays as it is."""
    run.request_cancel()


def due() -> list[Workflow]:
    """Return the workflows that are due for a training run."""
    learnt = Workflow.objects.filter(is_active=True, min_new_labels__isnull=False)
    return [workflow for workflow in learnt.select_related("survey") if wants_retraining(workflow)]


def wants_retraining(workflow: Workflow) -> bool:
    """Return whether there are `min_new_labels` new labels since the last run, and no run is open."""
    if workflow.min_new_labels is None or workflow.training_runs.filter(state__in=OPEN).exists():
        return False
    return labels_since(workflow) >= workflow.min_new_labels


def labels_since(workflow: Workflow) -> int:
    """Return how many more labels there are than in the workflow's last run; at least 0."""
    last = workflow.training_runs.exclude(training_set=None).select_related("training_set").order_by("-id").first()
    known = last.training_set.size if last and last.training_set else 0
    return max(0, labelled(workflow).count() - known)


def start_due() -> None:
    """Start a training run in every workflow with enough new labels, unless one was started meanwhile."""
    for workflow in due():
        with suppress(AlreadyTraining):
            start_training(workflow=workflow, by=None)
