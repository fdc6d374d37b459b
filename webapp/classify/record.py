"""Store and withdraw classifications. Consensus and queue are updated in the same transaction (submit)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.archive.models import Subject
from webapp.classifications.line_marks import Line, WrongMark, check_lines, store_lines
from webapp.classifications.models import Classification
from webapp.consensus.locking import ANSWER
from webapp.core.sql import fetch
from webapp.queue.models import QueueEntry
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

SENT = ("id", "answer", "follow_up", "started_at", "finished_at", "device", "viewport", "frames_seen")

# An existing id, or a second answer to a subject, conflicts and stores nothing. An answer without a valid lease
# is too late for a retired subject, or one with all its votes.
STORE = f"""
    WITH ended AS (
        DELETE FROM queue_lease WHERE volunteer_id = %(volunteer)s AND entry_id = ANY(%(entry)s)
        RETURNING entry_id, reason
    )
    INSERT INTO classifications_classification AS answer (
        id, volunteer_id, workflow_id, subject_id, answer, follow_up, reason, started_at, finished_at, created_at,
        device, viewport, frames_seen, is_counted
    )
    SELECT item.id, %(volunteer)s, %(workflow)s, entry.subject_id, item.answer, item.follow_up,
        coalesce(ended.reason, CASE WHEN entry.is_gold THEN 'training' ELSE entry.reason END),
        item.started_at, item.finished_at, now(), item.device, item.viewport, item.frames_seen, false
    FROM unnest(
        %(entry)s::bigint[], %(id)s::uuid[], %(answer)s::text[], %(follow_up)s::text[], %(started_at)s::timestamptz[],
        %(finished_at)s::timestamptz[], %(device)s::text[], %(viewport)s::text[], %(frames_seen)s::smallint[]
    ) AS item (entry, id, answer, follow_up, started_at, finished_at, device, viewport, frames_seen)
    JOIN queue_queueentry AS entry ON entry.id = item.entry
    LEFT JOIN ended ON ended.entry_id = entry.id
    WHERE ended.entry_id IS NOT NULL OR entry.is_gold OR NOT entry.is_retired AND %(most)s > (
        SELECT count(*) FROM classifications_classification AS given
        WHERE given.workflow_id = entry.workflow_id AND given.subject_id = entry.subject_id
            AND given.withdrawn_at IS NULL
    )
    ON CONFLICT DO NOTHING
    RETURNING {ANSWER.sql}
"""  # noqa: S608  # column names of our own models


class CannotClassify(ValueError):
    """An invalid answer; the message says why."""


class TooLate(ValueError):
    """The undo time is over."""


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
    marks: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """The result of an item: a new row, the existing row of a resent id, or an earlier answer, which stands.

    Or it came too late, and is not stored.
    """

    classification: Classification
    entry: QueueEntry
    is_new: bool
    is_replay: bool
    is_late: bool = False


def record(
    volunteer: Volunteer, workflow: Workflow, items: Sequence[Item], entries: Mapping[int, QueueEntry]
) -> list[Recorded]:
    """Store answers, each once: a resent id returns its row, a second answer the first one.

    An answer whose lease has expired counts only while its subject needs votes; after that it is not stored.

    Lock the queue entries first (`lock_entries`), as for every change of votes. Nothing is counted yet.

    Raises CannotClassify for a subject that is not in the workflow's queue, an id of another answer, a follow-up that
    the workflow does not offer, lines that it does not ask for or outside the image, or a repeated subject. Nothing is
    stored.
    """
    if len({item.subject for item in items}) < len(items):
        raise CannotClassify("Send each subject once: one of them is in this list twice.")
    for item in items:
        check_follow_up(workflow, item.answer, item.follow_up)
    unknown = [item.subject for item in items if item.subject not in entries]
    if unknown:
        raise CannotClassify(f"Subject {unknown[0]} is not among those that “{workflow}” asks about.")
    for item in items:
        check_marks(workflow, entries[item.subject].subject, item.marks)
    made = _store(volunteer, workflow, [(entries[item.subject], item) for item in items])
    store_lines({made[item.subject]: item.marks for item in items if item.subject in made})
    earlier = _earlier(volunteer, workflow, [item for item in items if item.subject not in made])
    recorded = []
    for item in items:
        entry = entries[item.subject]
        if item.subject in made:
            recorded.append(Recorded(made[item.subject], entry, is_new=True, is_replay=False))
        elif item.subject in earlier:
            row = earlier[item.subject]
            recorded.append(Recorded(row, entry, is_new=False, is_replay=row.pk == item.id))
        else:
            row = _unstored(volunteer, workflow, entry, item)
            recorded.append(Recorded(row, entry, is_new=False, is_replay=False, is_late=True))
    return recorded


def _store(
    volunteer: Volunteer, workflow: Workflow, answers: Sequence[tuple[QueueEntry, Item]]
) -> dict[int, Classification]:
    """End the volunteer's leases and store new answers; return those, by subject."""
    parameters: dict[str, Any] = {"volunteer": volunteer.pk, "workflow": workflow.pk}
    parameters["most"] = workflow.max_votes
    parameters["entry"] = [entry.pk for entry, _ in answers]
    for field in SENT:
        parameters[field] = [getattr(item, field) for _, item in answers]
    subjects = {entry.subject_id: entry.subject for entry, _ in answers}
    made = {}
    for row in fetch(STORE, parameters):
        answer = ANSWER.build(row)
        answer.workflow, answer.subject = workflow, subjects[answer.subject_id]
        made[answer.subject_id] = answer
    return made


def _unstored(volunteer: Volunteer, workflow: Workflow, entry: QueueEntry, item: Item) -> Classification:
    """Return a late answer as an unsaved row, for the response."""
    sent = {name: getattr(item, name) for name in ("id", "answer", "follow_up")}
    row = Classification(volunteer=volunteer, workflow=workflow, subject=entry.subject, reason=entry.reason, **sent)
    row.is_counted = True  # it has no pending vote
    return row


def _earlier(volunteer: Volunteer, workflow: Workflow, items: Sequence[Item]) -> dict[int, Classification]:
    """Return by subject the conflicts of items that could not be stored: the same id, or an earlier answer."""
    if not items:
        return {}
    subjects = {item.id: item.subject for item in items}
    mine = Q(volunteer=volunteer, workflow=workflow, subject__in=subjects.values(), withdrawn_at=None)
    rows = list(Classification.objects.filter(Q(pk__in=subjects) | mine))
    earlier = {row.subject_id: row for row in rows if row.pk not in subjects}
    for row in rows:
        if row.pk in subjects:
            if (row.workflow_id, row.subject_id) != (workflow.pk, subjects[row.pk]) or not _is_of(row, volunteer):
                raise CannotClassify(f"The id {row.pk} belongs to another answer. Send a new random UUID for each.")
            if row.volunteer_id == volunteer.pk or row.subject_id not in earlier:
                earlier[row.subject_id] = row
    return earlier


def _is_of(row: Classification, volunteer: Volunteer) -> bool:
    """Return whether the answer is the volunteer's, or their visitor's, whose answer gave way to theirs."""
    return row.volunteer_id == volunteer.pk or volunteer.merged.filter(pk=row.volunteer_id).exists()


def check_follow_up(workflow: Workflow, answer: str, follow_up: str) -> None:
    """Raise CannotClassify for a follow-up that the workflow does not offer after this answer."""
    offered = workflow.offered(answer)
    if follow_up and follow_up not in offered:
        choices = ", ".join(offered) or "none"
        raise CannotClassify(f"“{follow_up}” is not a follow-up to “{answer}” here; there are: {choices}.")


def check_marks(workflow: Workflow, subject: Subject, marks: Sequence[Line]) -> None:
    """Raise CannotClassify for invalid lines."""
    try:
        check_lines(workflow, subject, marks)
    except WrongMark as error:
        raise CannotClassify(str(error)) from error


def set_follow_up(row: Classification, follow_up: str) -> None:
    """Change the follow-up of a standing answer; raises CannotClassify for one that is not offered."""
    if row.withdrawn_at is not None:
        raise CannotClassify("This answer was undone, so nothing can be added to it.")
    check_follow_up(row.workflow, row.answer, follow_up)
    Classification.objects.filter(pk=row.pk).update(follow_up=follow_up)
    row.follow_up = follow_up


@transaction.atomic(savepoint=False)
def withdraw(classification: Classification) -> bool:
    """Withdraw an answer within the workflow's undo time; return whether it was standing.

    Lock its queue entry first (`lock_entries`), as for every change of votes.

    Raises TooLate when the undo time is over; the answer stands.
    """
    now = timezone.now()
    workflow = classification.workflow
    standing = Classification.objects.standing().filter(pk=classification.pk)
    if standing.filter(created_at__gte=now - timedelta(seconds=workflow.undo_seconds)).update(withdrawn_at=now):
        classification.withdrawn_at = now
        return True
    if standing.exists():
        raise TooLate(
            _(
                "You can undo an answer for %(seconds)d seconds. It's too late for this one, but others will "
                "check it too."
            )
            % {"seconds": workflow.undo_seconds}
        )
    return False
