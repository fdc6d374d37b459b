"""Record and withdraw answers. What they add up to is webapp.consensus' business, in the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from webapp.volunteers.models import Classification, Lease, QueueEntry, Reason, Volunteer, Workflow


class CannotClassify(ValueError):
    """An answer that cannot be stored; the message says why."""


class TooLate(ValueError):
    """The time in which an answer may be undone is over."""


@dataclass(frozen=True, slots=True)
class Item:
    """One answer as the client sent it."""

    id: UUID
    subject: int
    answer: str
    follow_up: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    device: str = ""
    viewport: str = ""
    frames_seen: int | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of an item: a new row; the row of the same id, replayed; or an earlier answer, which stands."""

    classification: Classification
    entry: QueueEntry
    is_new: bool
    is_replay: bool


def lock_entries(workflow: Workflow, subjects: Sequence[int]) -> dict[int, QueueEntry]:
    """Lock the queue entries of the subjects, in the order of their primary keys; return them by subject."""
    entries = (
        QueueEntry.objects.filter(workflow=workflow, subject__in=subjects)
        .select_related("subject__survey")
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    return {entry.subject_id: entry for entry in entries}


@transaction.atomic
def record(volunteer: Volunteer, workflow: Workflow, items: Sequence[Item]) -> list[Recorded]:
    """Store answers, each once: a replayed id returns the row it made, a second answer the first one.

    Raises
    ------
    CannotClassify
        For a subject that is not in the workflow's queue, an id that another answer has, a follow-up that the
        workflow does not offer, or a repeated subject.
        Nothing is stored then.
    """
    if len({item.subject for item in items}) < len(items):
        raise CannotClassify("Send each subject once: one of them is in this list twice.")
    for item in items:
        check_follow_up(workflow, item.answer, item.follow_up)
    entries = lock_entries(workflow, [item.subject for item in items])
    unknown = [item.subject for item in items if item.subject not in entries]
    if unknown:
        raise CannotClassify(f"Subject {unknown[0]} is not among those that “{workflow}” asks about.")
    reasons = _take_leases(volunteer, entries)
    by_id, by_subject = _earlier(volunteer, workflow, items)
    recorded = []
    for item in items:
        entry = entries[item.subject]
        row = by_id.get(item.id) or by_subject.get(item.subject)
        if row is None:
            made = _row(volunteer, entry, item, reasons.get(entry.pk))
            recorded.append(Recorded(made, entry, is_new=True, is_replay=False))
        else:
            recorded.append(Recorded(row, entry, is_new=False, is_replay=row.pk == item.id))
    Classification.objects.bulk_create([each.classification for each in recorded if each.is_new])
    return recorded


def check_follow_up(workflow: Workflow, answer: str, follow_up: str) -> None:
    """Raise CannotClassify for a follow-up that the workflow does not offer with the answer."""
    offered = workflow.follow_ups.get(answer, [])
    if follow_up and follow_up not in offered:
        choices = ", ".join(offered) or "none"
        raise CannotClassify(f"“{follow_up}” is no follow-up to “{answer}” here; there are: {choices}.")


def set_follow_up(row: Classification, follow_up: str) -> None:
    """Change the follow-up of a standing answer; raises CannotClassify for one that is not offered."""
    if row.withdrawn_at is not None:
        raise CannotClassify("This answer was undone, so nothing can be added to it.")
    check_follow_up(row.workflow, row.answer, follow_up)
    Classification.objects.filter(pk=row.pk).update(follow_up=follow_up)
    row.follow_up = follow_up


def _take_leases(volunteer: Volunteer, entries: dict[int, QueueEntry]) -> dict[int, str]:
    """End the volunteer's leases on the entries; return why each had been handed out."""
    leases = Lease.objects.filter(volunteer=volunteer, entry__in=[entry.pk for entry in entries.values()])
    reasons = dict(leases.values_list("entry", "reason"))
    if reasons:
        leases.delete()
    return reasons


def _earlier(
    volunteer: Volunteer, workflow: Workflow, items: Sequence[Item]
) -> tuple[dict[UUID, Classification], dict[int, Classification]]:
    """Return what is stored already, by id and (standing answers only) by subject."""
    subjects = {item.id: item.subject for item in items}
    rows = Classification.objects.filter(
        Q(pk__in=subjects) | Q(volunteer=volunteer, workflow=workflow, subject__in=subjects.values(), withdrawn_at=None)
    )
    by_id, by_subject = {}, {}
    for row in rows:
        if row.pk in subjects:
            if (row.volunteer_id, row.workflow_id, row.subject_id) != (volunteer.pk, workflow.pk, subjects[row.pk]):
                raise CannotClassify(f"The id {row.pk} belongs to another answer. Send a new random UUID for each.")
            by_id[row.pk] = row
        if row.withdrawn_at is None and row.volunteer_id == volunteer.pk:
            by_subject[row.subject_id] = row
    return by_id, by_subject


def _row(volunteer: Volunteer, entry: QueueEntry, item: Item, reason: str | None) -> Classification:
    return Classification(
        id=item.id,
        volunteer=volunteer,
        workflow_id=entry.workflow_id,
        subject=entry.subject,
        answer=item.answer,
        follow_up=item.follow_up,
        reason=reason or (Reason.TRAINING if entry.is_gold else entry.reason),
        started_at=item.started_at,
        finished_at=item.finished_at,
        device=item.device,
        viewport=item.viewport,
        frames_seen=item.frames_seen,
    )


@transaction.atomic
def withdraw(classification: Classification) -> bool:
    """Take an answer back within the workflow's grace period; return whether it still stood.

    Lock its queue entry first (`lock_entries`), as every change of votes does.

    Raises
    ------
    TooLate
        When the grace period is over; the answer stands.
    """
    now = timezone.now()
    workflow = classification.workflow
    standing = Classification.objects.standing().filter(pk=classification.pk)
    if standing.filter(created_at__gte=now - timedelta(seconds=workflow.grace)).update(withdrawn_at=now):
        classification.withdrawn_at = now
        return True
    if standing.exists():
        raise TooLate(
            f"An answer can be undone for {workflow.grace} seconds. This one stands, and others will check it too."
        )
    return False


def lend_again(classification: Classification, entry: QueueEntry, expires_at: datetime) -> None:
    """Give an undone subject back to the volunteer, as it was before they answered, if its slot is still free."""
    if entry.is_retired or (entry.available <= 0 and not entry.is_gold):
        return
    _, is_new = Lease.objects.get_or_create(
        volunteer_id=classification.volunteer_id,
        entry=entry,
        defaults={"reason": classification.reason, "expires_at": expires_at},
    )
    if is_new and not entry.is_gold:
        QueueEntry.objects.filter(pk=entry.pk).update(available=F("available") - 1)
