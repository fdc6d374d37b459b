"""Rulings: a scientist's verdict overrides the consensus, makes the subject gold, and can be withdrawn."""

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.archive.models import Subject
from webapp.community.discoveries import confirm, withdraw_credits
from webapp.consensus.apply_votes import recompute_subjects
from webapp.consensus.models import NO_VOTES, Consensus, RetiredReason
from webapp.consensus.skills import truth_changed
from webapp.learning.model_roles import classes_of
from webapp.learning.scores import champions_opinions
from webapp.queue.entries import lock_entries, lock_in_all_workflows
from webapp.queue.membership import is_gold_in
from webapp.queue.models import QueueEntry
from webapp.review.models import Ruling, Verdict
from webapp.workflows.models import Workflow


class AlreadyWithdrawn(ValueError):
    """The ruling has already been withdrawn."""


@transaction.atomic
def rule(
    *, subject: Subject, workflow: Workflow, scientist: User, verdict: str, label: str = "", note: str = ""
) -> Ruling:
    """Rule on a subject: it becomes gold and retires. A later verdict replaces an earlier one.

    Parameters
    ----------
    scientist
        The scientist; the caller must check the permission.
    verdict
        "yes" or "no".
    label
        A fine class on the verdict's side, if known.

    Raises
    ------
    ValidationError
        The verdict is neither yes nor no, the label is not a class of the survey or contradicts the verdict, or the
        subject belongs to another survey or kind. Nothing is changed.
    """
    check_verdict(subject, workflow, verdict, label)
    locked = Subject.objects.select_for_update(no_key=True).get(pk=subject.pk)
    standing = locked.rulings.filter(withdrawn_at=None)
    earlier = standing.first()
    before = (earlier.previous_gold, earlier.previous_source) if earlier else (locked.gold_label, locked.gold_source)
    consensus = _consensus(workflow, locked)
    opinion = champions_opinions(workflow, [locked.pk]).get(locked.pk)
    standing.filter(workflow=workflow).update(withdrawn_at=timezone.now(), withdrawn_by=scientist)
    ruling = Ruling.objects.create(
        subject=locked,
        workflow=workflow,
        scientist=scientist,
        verdict=verdict,
        label=label,
        note=note,
        consensus_posterior=consensus.posterior if consensus.votes else None,
        p_real=opinion.p_real if opinion else None,
        model_id=opinion.model if opinion else None,
        previous_gold=before[0],
        previous_source=before[1],
    )
    _set_gold(locked, label or verdict, "ruling")
    _retire(consensus)
    _credit(ruling)
    return ruling


@transaction.atomic
def withdraw_ruling(*, ruling: Ruling, by: User) -> None:
    """Withdraw a verdict: the earlier gold label is restored with its source, and volunteers decide again.

    Raises
    ------
    AlreadyWithdrawn
        The ruling was already withdrawn; nothing is changed.
    """
    subject = Subject.objects.select_for_update(no_key=True).get(pk=ruling.subject_id)
    in_force = Ruling.objects.filter(pk=ruling.pk, withdrawn_at=None)
    if in_force.update(withdrawn_at=timezone.now(), withdrawn_by=by) != 1:
        raise already_withdrawn(subject)
    ruling.refresh_from_db()
    lock_in_all_workflows([subject.pk])
    other = subject.rulings.filter(withdrawn_at=None).first()
    if other is not None:
        _set_gold(subject, other.label or other.verdict, "ruling")
    else:
        _set_gold(subject, ruling.previous_gold, ruling.previous_source)
    _bring_back(ruling.workflow, subject)
    _end_training(subject)
    withdraw_credits(subject=subject, workflow=ruling.workflow)


def already_withdrawn(subject: Subject) -> AlreadyWithdrawn:
    message = _("The verdict on %(subject)s was already withdrawn or replaced. Nothing has changed.")
    return AlreadyWithdrawn(message % {"subject": subject})


def check_verdict(subject: Subject, workflow: Workflow, verdict: str, label: str) -> None:
    """Raise ValidationError for a verdict that `rule` refuses."""
    if verdict not in Verdict.values:
        raise ValidationError({"verdict": _("A verdict must be yes or no, not “%(verdict)s”.") % {"verdict": verdict}})
    if subject.is_synthetic:
        message = _("%(subject)s is synthetic, so it needs no verdict.")
        raise ValidationError({"subject": message % {"subject": subject}})
    if subject.pixels_dropped_at is not None:
        message = _("The pixels of %(subject)s were dropped, so nobody can rule on it any more.")
        raise ValidationError({"subject": message % {"subject": subject}})
    if (subject.survey_id, subject.kind) != (workflow.survey_id, workflow.kind):
        message = _("%(subject)s is not a subject of %(workflow)s.")
        raise ValidationError({"subject": message % {"subject": subject, "workflow": workflow}})
    classes = classes_of(workflow.survey)
    if label and label not in classes.names:
        message = _("“%(label)s” is not a class. Classes: %(classes)s.")
        raise ValidationError({"label": message % {"label": label, "classes": ", ".join(classes.names)}})
    if label and classes.answer(label) != verdict:
        yes, no = _("%(label)s contradicts the verdict yes."), _("%(label)s contradicts the verdict no.")
        raise ValidationError({"label": (yes if verdict == Verdict.YES else no) % {"label": label}})


def _consensus(workflow: Workflow, subject: Subject) -> Consensus:
    """Return the consensus, with its queue entry locked; an empty row without votes."""
    lock_entries(workflow, [subject.pk])
    empty = {"posterior": workflow.prior, "method": workflow.method}
    return Consensus.objects.get_or_create(workflow=workflow, subject=subject, defaults=empty)[0]


def _set_gold(subject: Subject, label: str, source: str) -> None:
    """Change a subject's gold label, and mark its volunteers' skills for recomputing."""
    Subject.objects.filter(pk=subject.pk).set_gold(label, source)
    for workflow in Workflow.objects.filter(classifications__subject=subject).distinct():
        truth_changed(workflow, [subject.pk])


def _credit(ruling: Ruling) -> None:
    """Credit the volunteers who said yes, unless a no replaces the verdict or the class was known before."""
    if ruling.verdict == Verdict.YES and not ruling.previous_gold:
        confirm(subject=ruling.subject, workflow=ruling.workflow, at=ruling.created_at)
    else:
        withdraw_credits(subject=ruling.subject, workflow=ruling.workflow)


def _retire(consensus: Consensus) -> None:
    consensus.is_retired, consensus.retired_reason = True, RetiredReason.HUMAN
    consensus.retired_at = timezone.now()
    consensus.save(update_fields=["is_retired", "retired_reason", "retired_at", "updated_at"])
    entries = QueueEntry.objects.filter(workflow=consensus.workflow_id, subject=consensus.subject_id)
    entries.update(is_retired=True, is_gold=True)  # retired, and a training subject from now on


def _bring_back(workflow: Workflow, subject: Subject) -> None:
    """Let the votes decide again; without votes, reset the subject."""
    row = Consensus.objects.filter(workflow=workflow, subject=subject)
    row.update(is_retired=False, retired_reason="", retired_at=None)
    row.filter(**NO_VOTES).delete()
    is_gold = is_gold_in(workflow, subject.pk)
    QueueEntry.objects.filter(workflow=workflow, subject=subject).update(is_retired=False, is_gold=is_gold)
    recompute_subjects(workflow, [subject.pk])


def _end_training(subject: Subject) -> None:
    """Let volunteers vote where the subject is still served as gold, though its class is no longer known."""
    for workflow in Workflow.objects.filter(queue__subject=subject, queue__is_gold=True).select_related("survey"):
        if not is_gold_in(workflow, subject.pk):
            QueueEntry.objects.filter(workflow=workflow, subject=subject).update(is_gold=False)
            recompute_subjects(workflow, [subject.pk])
