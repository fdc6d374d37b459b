"""Discovery credit: volunteers who said yes before scientists confirmed a subject are notified and named."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from ml.crowd.answer import Answer
from webapp.archive.models import Subject, Survey
from webapp.archive.verdict_blinding import hides_verdict
from webapp.classifications.models import Classification, Reason
from webapp.community.models import Discovery, Notification
from webapp.community.person import name_of
from webapp.core.cached_figures import cached_figure
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow


@transaction.atomic
def confirm(confirmed: Mapping[Subject, datetime], workflow: Workflow) -> int:
    """Credit and notify everybody who said yes to subjects before they were confirmed; return the new credits' number.

    Whoever said it first is credited, and so named, first.
    A yes to a training subject earns no credit, since its answer was known; nor does a simulated volunteer's.
    """
    votes = Classification.objects.standing().filter(subject__in=confirmed, workflow=workflow, answer=Answer.YES)
    discoverers = votes.exclude(reason=Reason.TRAINING).filter(volunteer__is_simulated=False)
    credited = Discovery.objects.filter(subject=OuterRef("subject"), workflow=workflow, volunteer=OuterRef("volunteer"))
    subjects = {subject.pk: subject for subject in confirmed}
    uncredited = discoverers.filter(~Exists(credited)).order_by("created_at", "pk")
    pairs = uncredited.values_list("subject", "volunteer", "created_at")
    first = [(subjects[subject], volunteer, said_at) for subject, volunteer, said_at in pairs]
    new = [(subject, volunteer) for subject, volunteer, said_at in first if said_at <= confirmed[subject]]
    Discovery.objects.bulk_create(
        [
            Discovery(volunteer_id=volunteer, subject=subject, workflow=workflow, confirmed_at=confirmed[subject])
            for subject, volunteer in new
        ],
        ignore_conflicts=True,
    )
    _notify(new, Notification.Kind.CONFIRMED)
    return len(new)


@transaction.atomic
def withdraw_credits(subjects: Collection[Subject], workflow: Workflow) -> None:
    """Remove the credits of subjects that are no longer confirmed, and notify those who had read about them.

    Whoever is still credited with one, for their answer in another workflow, keeps the good news.
    """
    discoveries = Discovery.objects.filter(subject__in=subjects, workflow=workflow)
    credited = Discovery.objects.filter(subject=OuterRef("subject"), volunteer=OuterRef("volunteer"))
    elsewhere = Exists(credited.exclude(workflow=workflow))
    without = set(discoveries.filter(~elsewhere).values_list("subject", "volunteer"))
    discoveries.delete()
    news = Notification.objects.filter(subject__in=subjects, kind=Notification.Kind.CONFIRMED)
    good_news = [row for row in news if (row.subject_id, row.volunteer_id) in without] if without else []
    Notification.objects.filter(pk__in=[row.pk for row in good_news]).delete()
    by_key = {subject.pk: subject for subject in subjects}
    notified = {(row.subject_id, row.volunteer_id) for row in good_news if row.read_at and row.subject_id}
    _notify([(by_key[subject], who) for subject, who in sorted(notified)], Notification.Kind.TAKEN_BACK)


def give_up_credit(answer: Classification) -> None:
    """Remove the credit that an undone answer had earned already, with the news of it."""
    of = {"volunteer": answer.volunteer_id, "subject": answer.subject_id}
    had_credit, _ = Discovery.objects.filter(**of, workflow=answer.workflow_id).delete()
    if had_credit and not Discovery.objects.filter(**of).exists():
        Notification.objects.filter(**of, kind=Notification.Kind.CONFIRMED).delete()


def _notify(news: Collection[tuple[Subject, int]], kind: str) -> None:
    """Tell volunteers, by key, of subjects."""
    Notification.objects.bulk_create(
        [
            Notification(volunteer_id=who, survey_id=subject.survey_id, subject=subject, kind=kind)
            for subject, who in news
        ]
    )


def discoveries_of(volunteer: Volunteer | None, reader: Any) -> QuerySet[Discovery]:
    """Return a volunteer's credits, without verdicts that the reader is to judge without."""
    return Discovery.objects.filter(volunteer=volunteer).exclude(hides_verdict(reader))


LATEST = 5
LOOKED_AT = 200
"""Credits read for the latest finds: one subject may have many."""


@dataclass(frozen=True)
class Find:
    """A confirmed subject, named by its survey only, since it may train others, and the people who saw it first."""

    survey: str
    confirmed_at: datetime
    names: list[str]
    unnamed: int


def latest_discoveries(survey: Survey | None = None) -> list[Find]:
    """Return the latest confirmed finds, of all surveys or of one, with their credits, newest first; cached."""
    return cached_figure(f"latest-discoveries-{survey.pk if survey else 'all'}", partial(_latest, survey))


def _latest(survey: Survey | None) -> list[Find]:
    credited = Discovery.objects.filter(subject__survey=survey) if survey else Discovery.objects.all()
    rows = credited.select_related("volunteer__user__profile", "subject__survey")[:LOOKED_AT]
    by_subject: dict[int, list[Discovery]] = {}
    for row in rows:
        by_subject.setdefault(row.subject_id, []).append(row)
    return [_find(credits) for credits in list(by_subject.values())[:LATEST]]


def _find(credits: list[Discovery]) -> Find:
    names = {row.volunteer_id: name_of(row.volunteer) for row in credits}
    named = sorted({name for name in names.values() if name})
    return Find(
        str(credits[0].subject.survey), credits[0].confirmed_at, named, sum(not name for name in names.values())
    )
