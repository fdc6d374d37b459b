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
from webapp.queue.entries import lock_in_all_workflows
from webapp.queue.membership import is_gold_in
from webapp.queue.models import QueueEntry
from webapp.review.desk_news import forget_answered
from webapp.review.models import Ruling, SecondOpinion, Verdict
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
    locked = Subject.objects.select_for_update(no_key=True).get(pk=subject.pk)
    check_verdict(locked, workflow, verdict, label)
    lock_in_all_workflows([locked.pk])
    standing = locked.rulings.filter(withdrawn_at=None)
    earlier = standing.first()
    before = (earlier.previous_gold, earlier.previous_source) if earlier else (locked.gold_label, locked.gold_source)
    consensus = _consensus(workflow, locked)
    replaced = standing.filter(workflow=workflow).first()
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
        replaces=replaced,
    )
    _set_gold(locked, label or verdict, "ruling")
    _retire(consensus, ruling)
    _credit(ruling)
    return ruling


@transaction.atomic
def withdraw_ruling(*, ruling: Ruling, by: User, is_undo: bool = False) -> None:
    """Withdraw a verdict: the colleague's that it replaced stands again; without one, volunteers decide again.

    Parameters
    ----------
    is_undo
        As if it had never been given: the verdict that it replaced stands again, even if it is the scientist's own.

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
    earlier = _replaced_by(ruling, is_undo=is_undo)
    if earlier is not None:
        _bring_back(earlier, ruling, is_undo=is_undo)
    newest = subject.rulings.filter(withdrawn_at=None).first()
    if newest is not None:
        _set_gold(subject, _gold_of(newest), "ruling")
    else:
        _set_gold(subject, ruling.previous_gold, ruling.previous_source)
    if earlier is not None:
        _retire(_consensus(ruling.workflow, subject), earlier)
        _credit(earlier)
    else:
        _reopen(ruling.workflow, subject)
        withdraw_credits(subject=subject, workflow=ruling.workflow)
    _end_training(subject)
    forget_answered(subject.pk)


def _replaced_by(ruling: Ruling, *, is_undo: bool) -> Ruling | None:
    """Return what stands again without this verdict: the newest of those before whose author still thinks so."""
    since = dict(ruling.opinions.filter(withdrawn_at=None).values_list("scientist", "verdict"))
    earlier = ruling.replaces
    while earlier is not None:
        is_own = earlier.scientist_id == ruling.scientist_id
        if (is_undo or not is_own) and since.get(earlier.scientist_id, earlier.verdict) == earlier.verdict:
            break
        earlier = earlier.replaces
    return earlier


def _bring_back(earlier: Ruling, ruling: Ruling, *, is_undo: bool) -> None:
    """Let an earlier verdict stand again, with the second opinions that others gave since."""
    standing = SecondOpinion.objects.filter(withdrawn_at=None)
    since = standing.filter(ruling=ruling).exclude(scientist=earlier.scientist_id)
    replaced = standing.filter(ruling=earlier, scientist__in=[*since.values_list("scientist", flat=True)])
    own = standing.filter(ruling=earlier, scientist=ruling.scientist_id)
    (replaced if is_undo else replaced | own).update(withdrawn_at=timezone.now())
    since.update(ruling=earlier)
    earlier.withdrawn_at = earlier.withdrawn_by = None
    if earlier.scientist_id == ruling.scientist_id:
        earlier.second_asked_by, earlier.second_asked_at = ruling.second_asked_by, ruling.second_asked_at
    earlier.save(update_fields=["withdrawn_at", "withdrawn_by", "second_asked_by", "second_asked_at"])
    ruling.brought_back = earlier
    ruling.save(update_fields=["brought_back"])


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
    """Return the consensus, whose queue entry is locked; an empty row without votes."""
    empty = {"posterior": workflow.prior, "method": workflow.method}
    return Consensus.objects.get_or_create(workflow=workflow, subject=subject, defaults=empty)[0]


def _gold_of(ruling: Ruling) -> str:
    """Return the class of an earlier verdict; its answer if that is no class, or not on its side, any more."""
    classes = classes_of(ruling.workflow.survey)
    is_known = ruling.label in classes.names and classes.answer(ruling.label) == ruling.verdict
    return ruling.label if is_known else ruling.verdict


def _set_gold(subject: Subject, label: str, source: str) -> None:
    """Change a subject's gold label, and mark its volunteers' skills for recomputing."""
    Subject.objects.filter(pk=subject.pk).set_gold(label, source)
    truth_changed([subject.pk])


def _credit(ruling: Ruling) -> None:
    """Credit the volunteers who said yes, unless a no replaces the verdict or the class was known before."""
    if ruling.verdict == Verdict.YES and not ruling.previous_gold:
        confirm(subject=ruling.subject, workflow=ruling.workflow, at=ruling.created_at)
    else:
        withdraw_credits(subject=ruling.subject, workflow=ruling.workflow)


def _retire(consensus: Consensus, ruling: Ruling) -> None:
    consensus.is_retired, consensus.retired_reason = True, RetiredReason.HUMAN
    consensus.retired_at = ruling.created_at
    consensus.save(update_fields=["is_retired", "retired_reason", "retired_at", "updated_at"])
    entries = QueueEntry.objects.filter(workflow=consensus.workflow_id, subject=consensus.subject_id)
    entries.update(is_retired=True, is_gold=True)  # retired, and a training subject from now on


def _reopen(workflow: Workflow, subject: Subject) -> None:
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
