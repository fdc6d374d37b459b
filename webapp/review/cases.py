"""Changes of a case: hold, assignee, tags and notes. Each is one event, with its author and time."""

import re

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.archive.models import Membership, Role, Subject
from webapp.archive.shared_subjects import share
from webapp.review.desk_news import tell_assignee
from webapp.review.models import LONGEST_NOTE, LONGEST_TAG, Case, CaseAction, CaseEvent

MOST_TAGS = 20
TAG = re.compile(rf"[\w-]{{1,{LONGEST_TAG}}}")


@transaction.atomic
def change_case(*, subject: Subject, by: User, action: str, text: str = "") -> Case:
    """Return a subject's case, changed as by `record_change`, and tell whom it was assigned to."""
    case, event = record_change(subject=subject, by=by, action=action, text=text)
    tell_assignee([event] if event else [])
    return case


@transaction.atomic
def record_change(*, subject: Subject, by: User, action: str, text: str = "") -> tuple[Case, CaseEvent | None]:
    """Change a subject's case and record who did it; a change that changes nothing leaves no event.

    Parameters
    ----------
    by
        The scientist; the caller must check the permission.
    action
        One of `CaseAction`.
    text
        The tag, the note, or the user name of the assignee; empty for `by`. Other actions need none.

    Raises
    ------
    ValidationError
        Unknown action, no such scientist, not a tag, too many tags, or an empty or too long note. Nothing is changed.
    """
    text = _checked(subject, by, action, text.strip())
    share([subject.pk])
    Case.objects.get_or_create(subject=subject)
    case = Case.objects.select_for_update(of=("self",)).select_related("assignee").get(subject=subject)
    if not _apply(case, action, text):
        return case, None
    case.save()
    return case, CaseEvent.objects.create(case=case, by=by, action=action, text=text)


def _checked(subject: Subject, by: User, action: str, text: str) -> str:
    if action not in CaseAction.values:
        message = _("“%(action)s” is not an action. Actions: %(actions)s.")
        raise ValidationError({"action": message % {"action": action, "actions": ", ".join(CaseAction.values)}})
    if action in (CaseAction.TAG, CaseAction.UNTAG):
        return _tag(text)
    if action == CaseAction.ASSIGN:
        return _scientist(subject, text or by.get_username())
    if action == CaseAction.NOTE and not 0 < len(text.replace("\0", "")) <= LONGEST_NOTE:
        message = _("A note has 1 to %(most)s characters.")
        raise ValidationError({"text": message % {"most": f"{LONGEST_NOTE:,}"}})
    return text.replace("\0", "") if action == CaseAction.NOTE else ""


def _tag(text: str) -> str:
    tag = re.sub(r"\s+", "-", text.lower())
    if not TAG.fullmatch(tag):
        message = _("A tag has 1 to %(most)d letters, digits or hyphens, such as satellite or lens.")
        raise ValidationError({"text": message % {"most": LONGEST_TAG}})
    return tag


def _scientist(subject: Subject, name: str) -> str:
    """Return the name if its account is one of the survey's scientists."""
    user = User.objects.filter(username=name, is_active=True).first() if "\0" not in name else None
    if user is None or not Membership.objects.allows(user, subject.survey, Role.SCIENTIST):
        message = _("“%(name)s” is not a scientist of %(survey)s.")
        raise ValidationError({"text": message % {"name": name, "survey": subject.survey}})
    return name


def _apply(case: Case, action: str, text: str) -> bool:
    """Change the row in memory; return whether this is an event."""
    before = (case.is_on_hold, case.assignee, list(case.tags))
    if action in (CaseAction.HOLD, CaseAction.RELEASE):
        case.is_on_hold = action == CaseAction.HOLD
    elif action in (CaseAction.ASSIGN, CaseAction.UNASSIGN):
        case.assignee = User.objects.get(username=text) if action == CaseAction.ASSIGN else None
    elif action == CaseAction.TAG:
        case.tags = sorted({*case.tags, text})
        if len(case.tags) > MOST_TAGS:
            message = _("A subject has at most %(most)d tags. Remove one first.")
            raise ValidationError({"text": message % {"most": MOST_TAGS}})
    elif action == CaseAction.UNTAG:
        case.tags = [tag for tag in case.tags if tag != text]
    return action == CaseAction.NOTE or before != (case.is_on_hold, case.assignee, case.tags)
