"""Create a workflow and change its settings: refill its queue, and recompute after a rule change."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from webapp.archive.models import SubjectSet, Survey
from webapp.consensus.models import ConsensusRecompute
from webapp.consensus.recompute import start_recompute
from webapp.core.fingerprint import ChangedMeanwhile, fingerprint
from webapp.core.postgresql.time_limits import lift_statement_limit
from webapp.queue.membership import dequeue_subjects, enqueue_late, enqueue_subjects
from webapp.workflows.models import RULES, Workflow


@dataclass(frozen=True)
class Saved:
    """A saved workflow, the changes to its queue, and the recount after a rule change."""

    workflow: Workflow
    added: int
    removed: int = 0
    recount: ConsensusRecompute | None = None


def settings_fingerprint(workflow: Workflow) -> str:
    """Return the fingerprint of a workflow's settings and sets."""
    columns = [field.attname for field in Workflow._meta.concrete_fields]
    return fingerprint(workflow, columns, sorted(workflow.subject_sets.values_list("pk", flat=True)))


@transaction.atomic
def open_workflow(
    *,
    survey: Survey,
    slug: str,
    kind: str,
    subject_sets: Collection[SubjectSet],
    **settings: Any,
) -> Saved:
    """Create a workflow with these settings, by column, and fill its queue from its sets.

    Raises ValidationError: by field; nothing is stored.
    """
    workflow = Workflow(survey=survey, slug=slug, kind=kind, **settings)
    _check(workflow, subject_sets, offered_before=set())
    try:
        with transaction.atomic():
            workflow.save()
    except IntegrityError as error:  # somebody has created it meanwhile
        raise ValidationError({"slug": _("Another workflow uses this URL slug. Choose another.")}) from error
    workflow.subject_sets.set(subject_sets)
    transaction.on_commit(partial(enqueue_late, workflow), robust=True)
    lift_statement_limit()
    return Saved(workflow, added=enqueue_subjects(workflow))


@transaction.atomic
def change_workflow(
    *, workflow: Workflow, subject_sets: Collection[SubjectSet], by: User | None, seen: str = "", **settings: Any
) -> Saved:
    """Change a workflow's settings, by column, and its queue; slug and kind stay, since links and answers need them.

    Subjects of new sets join the queue; those of removed sets leave it, unless somebody has started on them. After a
    rule change, a worker recounts the votes.

    Raises ValidationError: by field; nothing is changed. Raises ChangedMeanwhile: the settings no longer have the
    fingerprint `seen`; nothing is changed. Without one, they are overwritten whatever they are.
    """
    row = Workflow.objects.select_for_update(no_key=True, of=("self",)).select_related("survey").get(pk=workflow.pk)
    if seen and seen != settings_fingerprint(row):
        raise ChangedMeanwhile
    rules_before = _rules(row)
    offered_before = {name for names in row.follow_ups.values() for name in names}
    sets_before = set(row.subject_sets.all())
    for name, value in settings.items():
        setattr(row, name, value)
    _check(row, subject_sets, offered_before)
    row.save()
    row.subject_sets.set(subject_sets)
    if set(subject_sets) - sets_before:
        transaction.on_commit(partial(enqueue_late, row), robust=True)
    lift_statement_limit()
    removed = dequeue_subjects(row) if sets_before - set(subject_sets) else 0
    needs_recount = _rules(row) != rules_before and row.queue.exists()
    recount = start_recompute(workflow=row, by=by) if needs_recount else None
    return Saved(row, added=enqueue_subjects(row), removed=removed, recount=recount)


def _rules(workflow: Workflow) -> dict[str, Any]:
    return {name: getattr(workflow, name) for name in RULES}


def _check(workflow: Workflow, subject_sets: Collection[SubjectSet], offered_before: set[str]) -> None:
    workflow.full_clean()
    known = set(workflow.survey.classes) | offered_before
    strange = [name for names in workflow.follow_ups.values() for name in names if name not in known]
    if strange:
        message = _("“%(name)s” is not a class of %(survey)s. Add it in Settings.")
        raise ValidationError({"follow_ups": message % {"name": strange[0], "survey": workflow.survey}})
    if any(each.survey_id != workflow.survey_id for each in subject_sets):
        message = _("Choose subject sets of %(survey)s.")
        raise ValidationError({"subject_sets": message % {"survey": workflow.survey}})
    if workflow.is_active and not subject_sets:
        message = _("Volunteers would find nothing here. Choose a subject set, or keep the workflow closed for now.")
        raise ValidationError({"subject_sets": message})
