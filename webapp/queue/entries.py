"""Queue entries: locked in primary key order, the votes they still need, and those that may still be served."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.core.sql import Columns, fetch
from webapp.queue.models import Lease, QueueEntry
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow


def redundancy(workflow: Workflow, votes: int) -> int:
    """Return the number of votes to collect for a subject that has `votes` of them.

    At first the minimum that may retire it; after that one more at a time, since any vote may retire it. So no
    unnecessary vote is requested, however many people work at once.
    """
    return max(_fewest(workflow), min(votes + 1, workflow.max_votes))


def _fewest(workflow: Workflow) -> int:
    """Return the fewest votes after which some rule may retire a subject."""
    rules = (
        (True, workflow.min_votes),
        (workflow.agreement is not None, workflow.agreement_votes),
        (workflow.empty_after_no_votes is not None, workflow.empty_after_no_votes or 0),
        (workflow.undecided_share is not None, workflow.undecided_votes),
        (workflow.flags is not None, workflow.flags or 0),
    )
    return min(max(least, 1) for is_on, least in rules if is_on)


def open_slots(workflow: Workflow, votes: int, taken: int) -> int:
    """Return how many more people a subject may be assigned to; negative after undo or late answers.

    Leases and answers that do not count yet occupy slots.
    """
    return redundancy(workflow, votes) - votes - taken


ENTRY = Columns(QueueEntry, "entry")
SUBJECT = Columns(Subject, "subject", "id", "survey_id", "gold_label", "zarr_array", "pixels_dropped_at")

LOCK = f"""
    SELECT {ENTRY.sql}, {SUBJECT.sql}
    FROM queue_queueentry AS entry JOIN archive_subject AS subject ON subject.id = entry.subject_id
    WHERE entry.workflow_id = %s AND entry.subject_id = ANY((SELECT %s::bigint[])::bigint[])
    ORDER BY entry.id FOR NO KEY UPDATE OF entry
"""  # noqa: S608  # column names of our own models


def lock_entries(workflow: Workflow, subjects: Sequence[int]) -> dict[int, QueueEntry]:
    """Lock the subjects' queue entries in primary key order; return them by subject."""
    entries = {}
    for row in fetch(LOCK, [workflow.pk, list(subjects)]):
        entry = ENTRY.build(row[: len(ENTRY)])
        entry.workflow, entry.subject = workflow, SUBJECT.build(row[len(ENTRY) :])
        if entry.subject.survey_id == workflow.survey_id:
            entry.subject.survey = workflow.survey
        entries[entry.subject_id] = entry
    return entries


def lock_in_all_workflows(subjects: Collection[int]) -> None:
    """Lock the subjects' queue entries workflow by workflow, as everybody does who changes those of several."""
    lock_of_several(QueueEntry.objects.filter(subject__in=subjects))


def lock_free_in_all_workflows(subjects: Collection[int]) -> set[int]:
    """Lock the entries of the subjects of which nobody has locked one; return these subjects."""
    entries = QueueEntry.objects.filter(subject__in=subjects).order_by("workflow_id", "pk")
    free = entries.select_for_update(no_key=True, of=("self",), skip_locked=True).values_list("pk", flat=True)
    busy = entries.exclude(pk__in=list(free)).values_list("subject", flat=True)
    return set(subjects).difference(busy)


def entries_of(volunteer: Volunteer) -> QuerySet[QueueEntry]:
    """Return the entries of all workflows that a volunteer holds or has answered."""
    held = Lease.objects.filter(volunteer=volunteer).values("entry")
    answers = Classification.objects.filter(volunteer=volunteer, subject__queue_entries__workflow=F("workflow"))
    return QueueEntry.objects.filter(pk__in=held.union(answers.values("subject__queue_entries")))


def lock_of_several(entries: QuerySet[QueueEntry]) -> None:
    """Lock queue entries of several workflows, in the order of the workflows' keys and then of their own."""
    rows = entries.order_by("workflow_id", "pk")  # "workflow" would order by the workflows' names
    list(rows.select_for_update(no_key=True, of=("self",)).values_list("pk"))


def lend_again(classification: Classification, entry: QueueEntry, expires_at: datetime) -> None:
    """Lease an undone subject to the volunteer again, if its slot is still free."""
    if not entry.is_gold and (entry.is_retired or entry.open_slots <= 0):
        return
    _, is_new = Lease.objects.get_or_create(
        volunteer_id=classification.volunteer_id,
        entry=entry,
        defaults={"reason": classification.reason, "expires_at": expires_at},
    )
    if is_new and not entry.is_gold:
        QueueEntry.objects.filter(pk=entry.pk).update(open_slots=F("open_slots") - 1)


def waiting_for(reader: Volunteer | None, subject: str = "pk") -> QuerySet[QueueEntry]:
    """Return the queue entries through which a subject may still be served to the reader.

    A closed workflow may open again, so it counts, except for a reader who has answered the subject elsewhere.

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
    answered = Classification.objects.standing().filter(volunteer=reader, subject=OuterRef("subject"))
    return waiting.exclude(Exists(answered.filter(workflow=OuterRef("workflow")))).exclude(
        Exists(answered), workflow__is_active=False
    )
