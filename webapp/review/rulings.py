"""Rulings: a scientist's verdict overrides the consensus, makes the subject gold, and can be withdrawn."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.archive.models import Subject
from webapp.archive.models.subject import KNOWN_ORBIT
from webapp.community.discoveries import confirm, withdraw_credits
from webapp.consensus.apply_votes import recompute_subjects
from webapp.consensus.consensus_rows import refresh_models
from webapp.consensus.models import NO_VOTES, Consensus, RetiredReason
from webapp.consensus.skills import truth_changed
from webapp.known_objects.gold import make_gold
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


@dataclass(frozen=True)
class SubjectVerdict:
    """A verdict on one subject."""

    subject: int
    verdict: str
    label: str = ""
    note: str = ""


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
    (ruling,) = rule_on_all(workflow, [SubjectVerdict(subject.pk, verdict, label, note)], scientist=scientist)
    return ruling


@transaction.atomic
def rule_on_all(workflow: Workflow, verdicts: Collection[SubjectVerdict], *, scientist: User) -> list[Ruling]:
    """Rule on different subjects, as `rule` does on one, with as many statements as on one."""
    if not verdicts:
        return []
    given = {each.subject: each for each in verdicts}
    subjects = _locked(workflow, given)
    standing = Ruling.objects.filter(subject__in=given, withdrawn_at=None)
    earlier = {row.subject_id: row for row in standing.order_by("pk")}  # the newest
    replaced = {row.subject_id: row for row in standing.filter(workflow=workflow)}
    consensus = _consensus(workflow, subjects)
    opinions = champions_opinions(workflow, given)
    standing.filter(workflow=workflow).update(withdrawn_at=timezone.now(), withdrawn_by=scientist)
    rulings = []
    for row in subjects:
        one, before, votes, opinion = given[row.pk], earlier.get(row.pk), consensus[row.pk], opinions.get(row.pk)
        rulings.append(
            Ruling(
                subject=row,
                workflow=workflow,
                scientist=scientist,
                verdict=one.verdict,
                label=one.label,
                note=one.note,
                consensus_posterior=votes.posterior if votes.votes else None,
                p_real=opinion.p_real if opinion else None,
                model_id=opinion.model if opinion else None,
                previous_gold=before.previous_gold if before else row.gold_label,
                previous_source=before.previous_source if before else row.gold_source,
                replaces=replaced.get(row.pk),
            )
        )
    Ruling.objects.bulk_create(rulings)
    for label in sorted({each.label or each.verdict for each in given.values()}):
        _set_gold([pk for pk, each in given.items() if (each.label or each.verdict) == label], label, "ruling")
    _retire(workflow, rulings)
    _credit(workflow, rulings)
    return rulings


def _locked(workflow: Workflow, given: Mapping[int, SubjectVerdict]) -> list[Subject]:
    """Return the subjects, locked with their queue entries; ValidationError for a verdict that `rule` refuses."""
    subjects = list(Subject.objects.select_for_update(no_key=True).filter(pk__in=given).order_by("pk"))
    for each in subjects:
        check_verdict(each, workflow, given[each.pk].verdict, given[each.pk].label)
    lock_in_all_workflows(given)
    return subjects


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
        _set_gold([subject.pk], _gold_of(newest), "ruling")
    else:
        _set_gold([subject.pk], ruling.previous_gold, ruling.previous_source)
    if earlier is not None:
        _consensus(ruling.workflow, [subject])
        _retire(ruling.workflow, [earlier])
        _credit(ruling.workflow, [earlier])
    else:
        _reopen(ruling)
        withdraw_credits([subject], ruling.workflow)
    _end_training(subject)
    make_gold([subject.pk])  # orbits, or what is ruled out, may have changed since the verdict
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
    if subject.duplicate_of is not None:
        message = _("%(subject)s has the same pixels as %(original)s. Judge that one instead.")
        raise ValidationError({"subject": message % {"subject": subject, "original": subject.duplicate_of}})
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


def _consensus(workflow: Workflow, subjects: Collection[Subject]) -> dict[int, Consensus]:
    """Return the consensus by subject, whose queue entries are locked; empty rows without votes."""
    rows = Consensus.objects.filter(workflow=workflow, subject__in=subjects)
    known = set(rows.values_list("subject", flat=True))
    if new := [each.pk for each in subjects if each.pk not in known]:
        _create_empty(workflow, new)
    return {row.subject_id: row for row in rows}


def _create_empty(workflow: Workflow, subjects: list[int]) -> None:
    """Create consensus rows without votes.

    They follow the rules as they are now, and are recomputed after the commit: until then, a recount under rules that
    change at this moment does not see them.
    """
    posterior, method = Workflow.objects.values_list("prior", "method").get(pk=workflow.pk)
    empty = {"workflow": workflow, "posterior": posterior, "method": method}
    Consensus.objects.bulk_create([Consensus(subject_id=each, **empty) for each in subjects], ignore_conflicts=True)
    refresh_models(subjects)  # nothing else brings the models' scores before a vote
    transaction.on_commit(partial(recompute_subjects, workflow, subjects), robust=True)


def _gold_of(ruling: Ruling) -> str:
    """Return the class of an earlier verdict; its answer if that is no class, or not on its side, any more."""
    classes = classes_of(ruling.workflow.survey)
    is_known = ruling.label in classes.names and classes.answer(ruling.label) == ruling.verdict
    return ruling.label if is_known else ruling.verdict


def _set_gold(subjects: Collection[int], label: str, source: str) -> None:
    """Change subjects' gold label, and mark their volunteers' skills for recomputing."""
    Subject.objects.filter(pk__in=subjects).set_gold(label, source)
    truth_changed(subjects)


def _credit(workflow: Workflow, rulings: Collection[Ruling]) -> None:
    """Credit the volunteers who said yes, unless a no replaces the verdict or the class was known before."""
    confirmed = {row.subject: row.created_at for row in rulings if row.verdict == Verdict.YES and not row.previous_gold}
    confirm(confirmed, workflow)
    withdraw_credits([row.subject for row in rulings if row.subject not in confirmed], workflow)


def _retire(workflow: Workflow, rulings: Collection[Ruling]) -> None:
    of = {"workflow": workflow, "subject__in": [row.subject_id for row in rulings]}
    at = max(row.created_at for row in rulings)
    human = {"is_retired": True, "retired_reason": RetiredReason.HUMAN}
    QueueEntry.objects.filter(**of).update(is_retired=True, is_gold=Q(is_public=False))  # for training from now on
    since = Coalesce("retired_at", Value(at))  # what was retired already stays so
    Consensus.objects.filter(**of).update(**human, retired_at=since, updated_at=timezone.now())


def _reopen(ruling: Ruling) -> None:
    """Let the votes decide again; without votes, reset the subject."""
    of = {"workflow": ruling.workflow, "subject": ruling.subject_id}
    row = Consensus.objects.filter(**of)
    row.update(is_retired=False, retired_reason="")  # votes that retire it, too, keep the time
    row.filter(**NO_VOTES).delete()
    QueueEntry.objects.filter(**of).update(is_retired=False, is_gold=Q(is_public=False) if _was_gold(ruling) else False)
    recompute_subjects(ruling.workflow, [ruling.subject_id])
    row.filter(is_retired=False).update(retired_at=None)


def _was_gold(ruling: Ruling) -> bool:
    """Return whether the subject was gold in the ruling's workflow without any verdict, also one in another."""
    by_orbit = ruling.previous_source == KNOWN_ORBIT
    return bool(ruling.previous_gold) and (ruling.workflow.known_objects_are_gold or not by_orbit)


def _end_training(subject: Subject) -> None:
    """Let volunteers vote where the subject is still served as gold, though its class is no longer known."""
    for workflow in Workflow.objects.filter(queue__subject=subject, queue__is_gold=True).select_related("survey"):
        if not is_gold_in(workflow, subject.pk):
            QueueEntry.objects.filter(workflow=workflow, subject=subject).update(is_gold=False)
            recompute_subjects(workflow, [subject.pk])
