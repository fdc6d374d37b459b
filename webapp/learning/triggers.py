"""Start training runs, by hand or by a workflow's schedule: after enough new labels, or after some days."""

from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.archive.models import Subject
from webapp.consensus.models import IS_CONFIDENT, IS_SETTLED, Consensus
from webapp.core.jobs import JobState
from webapp.learning.curate_labels import labelled, labels
from webapp.learning.label_changes import changed_labels, no_longer_given
from webapp.learning.messages import DAYS_PASSED, NEW_LABELS
from webapp.learning.model_roles import role_of
from webapp.learning.models import (
    TRAINED_ELSEWHERE,
    Checkpoint,
    Evaluation,
    ExternalScorer,
    ModelRole,
    Preset,
    TrainingRun,
    TrainingSet,
)
from webapp.learning.promotion import FEWEST_LABELS
from webapp.learning.test_sets import current_if_frozen, lost_file
from webapp.learning.training_sets import has_stored_labels, is_stored, labels_of
from webapp.workflows.models import Workflow

FEWEST_TO_FINETUNE = 1000
"""Labels with fewer of which a head did better when measured (docs/models.md); the preset `auto` has the same limit."""

PAUSE = timedelta(days=1)
"""Time until the schedule retries a run that ended before it read its labels."""

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
    is_control: bool = False,
    cross_validate: bool = False,
    reason: str = "",
    scorer: ExternalScorer | None = None,
) -> TrainingRun:
    """Create and dispatch a training run for the workflow.

    Raises AlreadyTraining if a run of the workflow is open; nothing is started. Raises ValidationError if preset or
    minutes are out of bounds.

    Parameters
    ----------
    by
        The user; None for the scheduled task.
    preset
        The recipe; detectors always use their own.
    minutes
        Time limit for presets that train a whole network.
    is_control
        Keep the result a shadow whatever the gate says.
    cross_validate
        Also score each label with a head that has not seen its object, for the preset "head"; see `cross_validated`.
    reason
        Why the schedule starts it, for the run's page.
    scorer
        For the preset "external": the scorer that is evaluated instead of training.
    """
    Workflow.objects.select_for_update(no_key=True).get(pk=workflow.pk)
    _check_none_is_open(workflow)
    role = role_of(workflow)
    _check_preset(preset, role, scorer)
    run = TrainingRun(
        survey=workflow.survey,
        workflow=workflow,
        role=role,
        preset=Preset.DETECTOR if role.is_detector and preset not in TRAINED_ELSEWHERE else preset,
        minutes=minutes,
        seed=seed,
        is_control=is_control,
        cross_validate=cross_validate,
        reason=reason,
        scorer=scorer,
        requested_by=by,
    )
    run.clean_fields(exclude={field.name for field in TrainingRun._meta.fields} - ASKED)
    run.save()
    run.enqueue()
    return run


def _check_none_is_open(workflow: Workflow) -> None:
    if (running := workflow.training_runs.open().first()) is not None:
        raise AlreadyTraining(
            _("Training run %(number)d is in progress. Wait for it to finish or cancel it; nothing was started.")
            % {"number": running.pk}
        )


def _check_preset(preset: str, role: ModelRole, scorer: ExternalScorer | None) -> None:
    if preset == Preset.DETECTOR and not role.is_detector:
        message = _(
            "This recipe is for workflows about cutouts and cubes. Choose another one for stamps and tracklets."
        )
        raise ValidationError({"preset": message})
    if preset == Preset.FIXMATCH and role != ModelRole.STAMP:
        raise ValidationError({"preset": _("FixMatch is for workflows about stamps. Choose another recipe.")})
    if (preset == Preset.EXTERNAL) != (scorer is not None):
        raise ValidationError({"preset": _("Register an external scorer under Models; it is evaluated at once.")})


def recipes_of(roles: Collection[ModelRole]) -> list[tuple[Any, Any]]:
    """Return the choices of recipes that suit at least one of these roles; all of them for no role."""
    return [choice for choice in Preset.recipes() if not roles or any(_suits(choice[0], role) for role in roles)]


def _suits(preset: str, role: ModelRole) -> bool:
    if role.is_detector or preset == Preset.DETECTOR:
        return role.is_detector and preset == Preset.DETECTOR
    return preset != Preset.FIXMATCH or role == ModelRole.STAMP


def workflows_to_retrain() -> list[Workflow]:
    """Return the workflows that are due for a training run."""
    workflows = Workflow.objects.filter(is_active=True).select_related("survey")
    return [workflow for workflow in workflows if workflow.trains_itself and is_retraining_due(workflow)]


def is_retraining_due(workflow: Workflow) -> bool:
    """Return whether enough labels are new or corrected since the last run's, and no run is open.

    Enough are `min_new_labels`, or a single one once the last run is `retrain_days` old. A run that failed, or was
    cancelled, before it read its labels has used none of them, and delays the next one by `PAUSE`.
    """
    wanted = 1 if _is_time(workflow) else workflow.min_new_labels
    if not wanted or workflow.training_runs.open().exists() or _is_pausing(workflow) or _lacks_test_set(workflow):
        return False
    touched = touched_since(workflow, _last_training_set(workflow), wanted)
    return touched >= wanted and labels_since(workflow) >= wanted


def _is_time(workflow: Workflow) -> bool:
    """Return whether `retrain_days` have passed since the last run, or the workflow's beginning before there is one."""
    if workflow.retrain_days is None:
        return False
    runs = workflow.training_runs.filter(is_control=False).exclude(preset__in=TRAINED_ELSEWHERE)
    last = runs.aggregate(when=Max("created_at"))["when"] or workflow.created_at
    return bool(timezone.now() - last >= timedelta(days=workflow.retrain_days))


def _is_pausing(workflow: Workflow) -> bool:
    last = workflow.training_runs.filter(is_control=False).exclude(preset__in=TRAINED_ELSEWHERE).first()
    if last is None or last.training_set_id is not None or last.finished_at is None:
        return False
    return bool(timezone.now() - last.finished_at < PAUSE)


def _lacks_test_set(workflow: Workflow) -> bool:
    """Return whether the file of the test set is missing, so that no run could be evaluated."""
    return lost_file(current_if_frozen(workflow.survey, workflow.kind)) is not None


def labels_since(workflow: Workflow) -> int:
    """Return how many labels are new, say something else, or were withdrawn since the last run of the workflow."""
    last = _last_training_set(workflow)
    if last is None:
        return labelled(workflow).count()
    return changed_labels(workflow, labels(workflow), labels_of(last)[0])


def touched_since(workflow: Workflow, last: TrainingSet | None, most: int) -> int:
    """Return how many labels may be new, changed or withdrawn since a training set, each counted up to `most`.

    Where nothing has happened, it reads little: few rows, by an index, and the keys of the volunteers' labels.
    """
    crowd = Consensus.objects.filter(IS_SETTLED | IS_CONFIDENT, workflow=workflow)
    gold = Subject.objects.gold().filter(survey=workflow.survey_id)
    if last is None:
        return crowd[:most].count() + gold[:most].count()
    changed = Subject.objects.filter(survey=workflow.survey_id, gold_changed_at__gte=last.created_at)
    crowd, gold = crowd.filter(updated_at__gte=last.created_at), gold.filter(created_at__gte=last.created_at)
    gained = crowd[:most].count() + gold[:most].count() + changed[:most].count()
    if workflow.min_votes < last.min_votes:
        gained += Consensus.objects.labels_by_fewer_votes(workflow, last.min_votes)[:most].count()
    return gained + min(no_longer_given(last), most)


def short_of_labels(champion: Checkpoint) -> int | None:
    """Return at most how many labels are new or corrected since the champion's training.

    None where they may be as many as the gate asks for.
    """
    run = champion.run
    if champion.is_from_elsewhere or not has_stored_labels(champion):
        return None
    new = touched_since(run.workflow, run.training_set, FEWEST_LABELS)
    return new if new < FEWEST_LABELS else None


def _last_training_set(workflow: Workflow) -> TrainingSet | None:
    """Return the labels that the last run read; None before there is one, or if their file was lost."""
    last = workflow.training_runs.exclude(training_set=None).select_related("training_set").order_by("-id").first()
    return last.training_set if last and last.training_set and is_stored(last.training_set) else None


def start_due(workflow: Workflow) -> None:
    """Start the training run that is due in a workflow, unless one was started meanwhile."""
    new, enough = labels_since(workflow), workflow.min_new_labels
    is_enough = enough is not None and new >= enough
    reason = NEW_LABELS(new=new) if is_enough else DAYS_PASSED(days=workflow.retrain_days, new=new)
    with suppress(AlreadyTraining):
        start_training(workflow=workflow, by=None, preset=preset_due(workflow), reason=reason)


def preset_due(workflow: Workflow) -> str:
    """Return the recipe of a scheduled run: mostly a head, which takes seconds.

    A whole network is fine-tuned once there are `FEWEST_TO_FINETUNE` labels, and again when they have doubled, also if
    the last one failed or was cancelled; where it did not pass the gate, when there are four times as many.
    """
    runs = workflow.training_runs.filter(is_control=False).order_by("-id")
    last = runs.over().filter(preset=Preset.FINETUNE).first()
    if last is None:
        enough = FEWEST_TO_FINETUNE
    elif (size := _labels_at(last)) is None:
        return Preset.HEAD
    else:
        paid = Evaluation.objects.filter(checkpoint__run=last, passed=True).exists()
        enough = size * (4 if last.state == JobState.DONE and not paid else 2)
    return Preset.FINETUNE if labelled(workflow).count() >= enough else Preset.HEAD


def _labels_at(run: TrainingRun) -> int | None:
    """Return how many labels there were for a run; for one that ended before it read them, for the next that did."""
    later = run.workflow.training_runs.filter(pk__gte=run.pk).exclude(training_set=None)
    return later.order_by("id").values_list("training_set__size", flat=True).first()
