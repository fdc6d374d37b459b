"""Subjects of known class that a reader may be shown as examples."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet

from webapp.archive.models import Subject, Survey
from webapp.volunteers.models import Classification, QueueEntry, Volunteer

MOST = 6


def examples_of(survey: Survey, labels: Iterable[str], reader: Volunteer | None) -> dict[str, list[Subject]]:
    """Return up to `MOST` real examples of each class.

    Never one that the reader may still be asked about, as training or otherwise: its answer would be given away.
    Gold of a set that no workflow draws from can always be shown.
    """
    shown = Subject.objects.gold().observed().originals().filter(survey=survey).exclude(Exists(_waiting_for(reader)))
    return {label: list(shown.filter(gold_label=label).order_by("pk")[:MOST]) for label in labels}


def _waiting_for(reader: Volunteer | None) -> QuerySet[QueueEntry]:
    """Return the entries by which a subject (the outer query's) may still come to the reader."""
    waiting = QueueEntry.objects.filter(Q(is_gold=True) | Q(is_retired=False), subject=OuterRef("pk"))
    if reader is None:
        return waiting
    answered = Classification.objects.standing().filter(
        volunteer=reader, workflow=OuterRef("workflow"), subject=OuterRef("subject")
    )
    return waiting.exclude(Exists(answered))
