"""The history of a subject's verdicts, second opinions and case: who did what, and when."""

from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from django.contrib.auth.models import User
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Subject
from webapp.review.models import CaseAction, CaseEvent, Ruling, SecondOpinion, SecondOpinionRequest
from webapp.workflows.models import Workflow


@dataclass(frozen=True)
class Entry:
    """One line of the history."""

    at: datetime
    who: str
    what: str | Promise
    detail: str = ""
    note: str = ""


def history_of(workflow: Workflow, subject: Subject) -> list[Entry]:
    """Return everything that scientists did with a subject, newest first."""
    of_workflow = (each(workflow, subject) for each in (_rulings, _opinions, _requests))
    return sorted(chain(*of_workflow, events_of(subject)), key=lambda entry: entry.at, reverse=True)


def _rulings(workflow: Workflow, subject: Subject) -> list[Entry]:
    entries = []
    rows = Ruling.objects.filter(workflow=workflow, subject=subject)
    for row in rows.select_related("scientist", "replaces__scientist", "brought_back__scientist"):
        who, what = row.scientist.get_username(), _("ruled yes") if row.verdict == "yes" else _("ruled no")
        if row.replaces and row.replaces.scientist != row.scientist:
            whose = row.replaces.scientist.get_username()
            entries.append(Entry(row.created_at, who, _("replaced the verdict of"), whose))
        entries.append(Entry(row.created_at, who, what, row.label, row.note))
        if row.withdrawn_at and row.brought_back:
            whose = row.brought_back.scientist.get_username()
            entries.append(Entry(row.withdrawn_at, who, _("brought back the verdict of"), whose))
        if row.withdrawn_at and row.withdrawn_by_id == row.scientist_id:
            entries.append(Entry(row.withdrawn_at, who, _("withdrew their verdict")))
    return entries


def _opinions(workflow: Workflow, subject: Subject) -> list[Entry]:
    entries = []
    rows = SecondOpinion.objects.filter(ruling__workflow=workflow, ruling__subject=subject)
    for row in rows.select_related("scientist"):
        who = row.scientist.get_username()
        what = _("second opinion: yes") if row.verdict == "yes" else _("second opinion: no")
        entries.append(Entry(row.created_at, who, what, row.label, row.note))
        if row.withdrawn_at:
            entries.append(Entry(row.withdrawn_at, who, _("withdrew or changed their opinion")))
    return entries


def _requests(workflow: Workflow, subject: Subject) -> list[Entry]:
    rows = SecondOpinionRequest.objects.filter(ruling__workflow=workflow, ruling__subject=subject)
    asked, cancelled = _("asked for a second opinion"), _("cancelled the request for a second opinion")
    return [
        Entry(row.created_at, _name(row.by), asked if row.is_wanted else cancelled) for row in rows.select_related("by")
    ]


def events_of(subject: Subject) -> list[Entry]:
    """Return what scientists did with a subject besides verdicts, newest first: holds, assignments, tags and notes."""
    rows = CaseEvent.objects.filter(case__subject=subject).select_related("by").order_by("-created_at", "-pk")
    entries = []
    for row in rows:
        is_note = row.action == CaseAction.NOTE
        detail, note = ("", row.text) if is_note else (row.text, "")
        entries.append(Entry(row.created_at, _name(row.by), CaseAction(row.action).label, detail, note))
    return entries


def _name(user: User | None) -> str:
    """Return the name of a user, or nothing if they deleted their account."""
    return user.get_username() if user else ""
