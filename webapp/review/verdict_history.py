"""The history of a subject's verdicts, second opinions and case: who did what, and when."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Subject
from webapp.review.models import CaseAction, CaseEvent, Ruling, SecondOpinion
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
    entries = [*_rulings(workflow, subject), *_opinions(workflow, subject), *_events(subject)]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _rulings(workflow: Workflow, subject: Subject) -> list[Entry]:
    entries = []
    rows = Ruling.objects.filter(workflow=workflow, subject=subject)
    for row in rows.select_related("scientist", "withdrawn_by", "second_asked_by"):
        what = _("ruled yes") if row.verdict == "yes" else _("ruled no")
        entries.append(Entry(row.created_at, row.scientist.get_username(), what, row.label, row.note))
        if row.second_asked_at:
            who = row.second_asked_by.get_username() if row.second_asked_by else ""
            entries.append(Entry(row.second_asked_at, who, _("asked for a second opinion")))
        if row.withdrawn_at:
            who = row.withdrawn_by.get_username() if row.withdrawn_by else ""
            what = _("withdrew or replaced the verdict of")
            entries.append(Entry(row.withdrawn_at, who, what, row.scientist.get_username()))
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


def _events(subject: Subject) -> list[Entry]:
    rows = CaseEvent.objects.filter(case__subject=subject).select_related("by")
    entries = []
    for row in rows:
        is_note = row.action == CaseAction.NOTE
        who = row.by.get_username() if row.by else ""
        detail, note = ("", row.text) if is_note else (row.text, "")
        entries.append(Entry(row.created_at, who, CaseAction(row.action).label, detail, note))
    return entries
