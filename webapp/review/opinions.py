"""Two-person mode: a verdict never overwrites a colleague's silently, but stands beside it as a second opinion."""

from contextlib import suppress
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.archive.models import Subject
from webapp.review.desk_news import ask_colleagues, forget_answered, forget_settled_conflicts, tell_of_conflict
from webapp.review.models import Ruling, SecondOpinion, SecondOpinionRequest
from webapp.review.rulings import already_withdrawn, check_verdict, rule, withdraw_ruling
from webapp.workflows.models import Workflow


class NotOwnVerdict(ValueError):
    """The verdict is a colleague's, and there is no second opinion of one's own on it."""


@transaction.atomic
def give_verdict(
    *,
    subject: Subject,
    workflow: Workflow,
    scientist: User,
    verdict: str,
    label: str = "",
    note: str = "",
    overrules: bool = False,
) -> Ruling | SecondOpinion:
    """Rule on a subject; if a colleague's ruling stands, give a second opinion on it instead.

    Parameters
    ----------
    scientist
        The scientist; the caller must check the permission.
    overrules
        Replace a colleague's ruling, which settles a conflict.

    Raises
    ------
    ValidationError
        As of `rule`. Nothing is changed.
    """
    locked = Subject.objects.select_for_update(no_key=True).get(pk=subject.pk)
    standing = locked.rulings.filter(workflow=workflow, withdrawn_at=None).first()
    given: dict[str, Any] = {"scientist": scientist, "verdict": verdict, "label": label, "note": note}
    if standing is None:
        return rule(subject=subject, workflow=workflow, **given)
    if overrules:
        ruling = rule(subject=subject, workflow=workflow, **given)
        forget_answered(subject.pk)
        forget_settled_conflicts([subject.pk])
        return ruling
    if standing.scientist_id == scientist.pk:
        ruling = _with_opinions_of(standing, rule(subject=subject, workflow=workflow, **given))
        tell_of_conflict(ruling, by=scientist)
        return ruling
    check_verdict(locked, workflow, verdict, label)
    own = standing.opinions.filter(scientist=scientist, withdrawn_at=None)
    replaced = own.first()
    own.update(withdrawn_at=timezone.now())
    opinion = SecondOpinion.objects.create(ruling=standing, replaces=replaced, **given)
    forget_answered(subject.pk)
    tell_of_conflict(standing, by=scientist)
    return opinion


def _with_opinions_of(earlier: Ruling, ruling: Ruling) -> Ruling:
    """Keep the second opinions, and the wish for one, when a scientist changes their own verdict."""
    earlier.opinions.filter(withdrawn_at=None).update(ruling=ruling)
    ruling.second_asked_by, ruling.second_asked_at = earlier.second_asked_by, earlier.second_asked_at
    ruling.save(update_fields=["second_asked_by", "second_asked_at"])
    return ruling


@transaction.atomic
def withdraw_verdict(*, subject: Subject, workflow: Workflow, scientist: User, is_undo: bool = False) -> None:
    """Withdraw the scientist's own second opinion or ruling; without either, do nothing, also if a colleague's stands.

    Parameters
    ----------
    is_undo
        Bring back what their newest verdict replaced.

    Raises
    ------
    AlreadyWithdrawn
        As of `withdraw_ruling`.
    """
    locked = Subject.objects.select_for_update(no_key=True).get(pk=subject.pk)
    standing = locked.rulings.filter(workflow=workflow, withdrawn_at=None).first()
    if standing is not None:
        with suppress(NotOwnVerdict):
            withdraw_own(ruling=standing, by=scientist, is_undo=is_undo)


@transaction.atomic
def withdraw_own(*, ruling: Ruling, by: User, is_undo: bool = False) -> None:
    """Withdraw the scientist's own second opinion on a ruling or, if it is their own, the ruling.

    Raises
    ------
    NotOwnVerdict
        Neither is theirs; nothing is changed.
    AlreadyWithdrawn
        As of `withdraw_ruling`.
    """
    Subject.objects.select_for_update(no_key=True).get(pk=ruling.subject_id)
    own = SecondOpinion.objects.filter(ruling=ruling, ruling__withdrawn_at=None, scientist=by, withdrawn_at=None)
    if withdraw_opinions(own, is_undo=is_undo):
        forget_settled_conflicts([ruling.subject_id])
        return
    if ruling.scientist_id != by.pk:
        message = _("The verdict on %(subject)s is %(name)s's, so only they can withdraw it. Nothing has changed.")
        raise NotOwnVerdict(message % {"subject": ruling.subject, "name": ruling.scientist.get_username()})
    withdraw_ruling(ruling=ruling, by=by, is_undo=is_undo)
    forget_settled_conflicts([ruling.subject_id])


def withdraw_opinions(standing: QuerySet[SecondOpinion], *, is_undo: bool) -> list[SecondOpinion]:
    """Withdraw second opinions and return them; if this undoes them, those that they replaced stand again."""
    withdrawn = list(standing.select_related("ruling"))
    SecondOpinion.objects.filter(pk__in=[each.pk for each in withdrawn]).update(withdrawn_at=timezone.now())
    for opinion in withdrawn:
        if is_undo and opinion.replaces_id:
            SecondOpinion.objects.filter(pk=opinion.replaces_id).update(withdrawn_at=None, ruling=opinion.ruling)
    return withdrawn


def ask_second_opinion(*, subject: Subject, workflow: Workflow, by: User, is_wanted: bool = True) -> None:
    """Ask for a second opinion on the ruling in force, or no longer.

    Raises
    ------
    ValidationError
        There is no ruling.
    AlreadyWithdrawn
        As of `ask_about`.
    """
    standing = Ruling.objects.filter(subject=subject, workflow=workflow, withdrawn_at=None).first()
    if standing is None:
        raise ValidationError({"subject": _("%(subject)s has no verdict yet.") % {"subject": subject}})
    ask_about(ruling=standing, by=by, is_wanted=is_wanted)


@transaction.atomic
def ask_about(*, ruling: Ruling, by: User, is_wanted: bool) -> None:
    """Ask for a second opinion on a ruling, or no longer, and record it; what changes nothing leaves no record.

    Raises
    ------
    AlreadyWithdrawn
        The ruling is not in force; nothing is changed.
    """
    Subject.objects.select_for_update(no_key=True).get(pk=ruling.subject_id)
    standing = Ruling.objects.filter(pk=ruling.pk, withdrawn_at=None).first()
    if standing is None:
        raise already_withdrawn(ruling.subject)
    if is_wanted == Ruling.objects.awaiting_opinion().filter(pk=standing.pk).exists():
        return
    asked = SecondOpinionRequest.objects.create(ruling=standing, by=by, is_wanted=is_wanted)
    standing.second_asked_by, standing.second_asked_at = (by, asked.created_at) if is_wanted else (None, None)
    standing.save(update_fields=["second_asked_by", "second_asked_at"])
    if is_wanted:
        ask_colleagues(standing, by=by)
    else:
        forget_answered(ruling.subject_id)
