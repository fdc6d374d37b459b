"""Subjects that somebody may still be asked about: what others say of them would give the answer away."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from webapp.classifications.models import Classification
from webapp.queue.models import QueueEntry
from webapp.volunteers.models import Volunteer


def waiting_for(reader: Volunteer | None, subject: str = "pk") -> QuerySet[QueueEntry]:
    """Return the queue entries through which a subject may still be served to the reader.

    Parameters
    ----------
    reader
        None for somebody who has answered nothing.
    subject
        The field of the outer query that holds the subject's key.
    """
    waiting = QueueEntry.objects.filter(Q(is_gold=True) | Q(is_retired=False), subject=OuterRef(subject))
    if reader is None:
        return waiting
    answered = Classification.objects.standing().filter(
        volunteer=reader, workflow=OuterRef("workflow"), subject=OuterRef("subject")
    )
    return waiting.exclude(Exists(answered))
