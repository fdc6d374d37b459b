"""Undo a bulk action: bring back what one's verdicts and changes of cases replaced, as far as they still stand."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from webapp.consensus.skills import truth_changed
from webapp.queue.entries import lock_in_all_workflows
from webapp.review.bulk import locked_subjects
from webapp.review.cases import record_change
from webapp.review.desk_news import forget_assigned, forget_settled_conflicts
from webapp.review.models import BulkChange, CaseAction, CaseEvent, Ruling, SecondOpinion
from webapp.review.opinions import withdraw_opinions
from webapp.review.rulings import withdraw_ruling
from webapp.workflows.models import Workflow

OPPOSITE = {
    CaseAction.HOLD: CaseAction.RELEASE,
    CaseAction.RELEASE: CaseAction.HOLD,
    CaseAction.ASSIGN: CaseAction.UNASSIGN,
    CaseAction.UNASSIGN: CaseAction.ASSIGN,
    CaseAction.TAG: CaseAction.UNTAG,
    CaseAction.UNTAG: CaseAction.TAG,
}


@dataclass(frozen=True)
class Done:
    """What a bulk action did: the keys of its rulings, second opinions and changes of cases."""

    rulings: list[int] = field(default_factory=list)
    opinions: list[int] = field(default_factory=list)
    events: list[int] = field(default_factory=list)


def done_by(results: Sequence[Ruling | SecondOpinion | CaseEvent]) -> Done:
    keys: dict[type, list[int]] = {Ruling: [], SecondOpinion: [], CaseEvent: []}
    for each in results:
        keys[type(each)].append(each.pk)
    return Done(*keys.values())


@transaction.atomic
def remember(workflow: Workflow, done: Done, *, by: User) -> None:
    """Keep what `by` did, for `undo_last`, in place of what they did before it."""
    BulkChange.objects.filter(workflow=workflow, scientist=by).delete()
    BulkChange.objects.create(workflow=workflow, scientist=by, **asdict(done))


def last_by(scientist: User, workflow: Workflow) -> BulkChange | None:
    """Return the scientist's last bulk action in the workflow, unless it is undone."""
    return BulkChange.objects.filter(workflow=workflow, scientist=scientist).first()


@transaction.atomic
def undo_last(workflow: Workflow, *, by: User) -> int:
    """Undo the last bulk action of `by`, as `undo` does, once; return the number of subjects."""
    last = last_by(by, workflow)
    if last is None:
        return 0
    last.delete()
    return undo(workflow, Done(last.rulings, last.opinions, last.events), by=by)


@transaction.atomic
def undo(workflow: Workflow, done: Done, *, by: User) -> int:
    """Undo what `by` did and nobody has changed since; return the number of subjects. Notes stay."""
    rulings = Ruling.objects.filter(pk__in=done.rulings, workflow=workflow)
    opinions = SecondOpinion.objects.filter(pk__in=done.opinions, ruling__workflow=workflow)
    events = CaseEvent.objects.filter(
        pk__in=done.events, by=by, action__in=OPPOSITE, case__subject__survey=workflow.survey_id
    )
    paths = ((rulings, "subject"), (opinions, "ruling__subject"), (events, "case__subject"))
    keys = {pk for rows, path in paths for pk in rows.values_list(path, flat=True)}
    if not keys:
        return 0
    locked_subjects(workflow, list(keys))
    lock_in_all_workflows(keys)
    withdrawn = _withdraw(rulings, opinions, by, is_undo=True)
    taken_back = {event.case.subject_id for event in events.select_related("case__subject__survey") if _revert(event)}
    return len(withdrawn | taken_back)


@transaction.atomic
def withdraw_verdicts(workflow: Workflow, subjects: Sequence[int], *, by: User, is_undo: bool = False) -> int:
    """Withdraw one's own standing verdicts and second opinions on many subjects; return on how many.

    Parameters
    ----------
    is_undo
        Bring back what they replaced.

    Raises
    ------
    ValidationError
        As of `give_verdicts`.
    """
    found = list(locked_subjects(workflow, subjects))
    lock_in_all_workflows(found)
    rulings = Ruling.objects.filter(workflow=workflow, subject__in=found)
    opinions = SecondOpinion.objects.filter(
        ruling__workflow=workflow, ruling__subject__in=found, ruling__withdrawn_at=None
    )
    return len(_withdraw(rulings, opinions, by, is_undo=is_undo))


def _withdraw(rulings: QuerySet[Ruling], opinions: QuerySet[SecondOpinion], by: User, *, is_undo: bool) -> set[int]:
    """Withdraw those of the verdicts that stand and are one's own; return their subjects."""
    own = {"scientist": by, "withdrawn_at": None}
    truth_changed(list(rulings.filter(**own).values_list("subject", flat=True)))
    withdrawn = {each.ruling.subject_id for each in withdraw_opinions(opinions.filter(**own), is_undo=is_undo)}
    for ruling in rulings.filter(**own).select_related("workflow__survey").order_by("subject"):
        withdraw_ruling(ruling=ruling, by=by, is_undo=is_undo)
        withdrawn.add(ruling.subject_id)
    forget_settled_conflicts(withdrawn)
    return withdrawn


def _revert(event: CaseEvent) -> bool:
    """Take back a change of a case unless there is a newer one of its kind; return whether it was."""
    action = CaseAction(event.action)
    alike = CaseEvent.objects.filter(case=event.case, action__in=(action, OPPOSITE[action]))
    if action in (CaseAction.TAG, CaseAction.UNTAG):
        alike = alike.filter(text=event.text)
    if event.by is None or alike.filter(pk__gt=event.pk).exists():
        return False
    opposite, text = OPPOSITE[action], event.text
    if CaseAction.ASSIGN in (action, opposite):
        before = alike.filter(pk__lt=event.pk).order_by("-pk").first()
        opposite, text = (CaseAction(before.action), before.text) if before else (CaseAction.UNASSIGN, "")
    subject = event.case.subject
    if CaseAction.ASSIGN in (action, opposite):
        forget_assigned([subject.pk])
    try:
        record_change(subject=subject, by=event.by, action=opposite, text=text)
    except ValidationError:  # who was assigned before is no scientist here any more, or there are too many tags
        if opposite != CaseAction.ASSIGN:
            return False
        record_change(subject=subject, by=event.by, action=CaseAction.UNASSIGN)
    return True
