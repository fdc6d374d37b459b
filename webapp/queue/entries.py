"""Queue entries under lock, in primary key order; redundancy: how many votes a subject still wants."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F

from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.core.sql import Columns, fetch
from webapp.queue.models import Lease, QueueEntry
from webapp.workflows.models import Workflow


def redundancy(workflow: Workflow, votes: int) -> int:
    """Return how many votes a subject with `votes` of them should come to before anybody looks again.

    At first the least that may settle it; after that one more at a time, since any vote may be the one that settles
    it. So no vote is asked for that turns out not to be needed, however many people work at once.
    """
    return max(_fewest(workflow), min(votes + 1, workflow.max_votes))


def _fewest(workflow: Workflow) -> int:
    """Return the fewest votes after which some rule may settle a subject."""
    rules = (
        (True, workflow.min_votes),
        (workflow.agreement is not None, workflow.agreement_votes),
        (workflow.empty_after_no_votes is not None, workflow.empty_after_no_votes or 0),
        (workflow.undecided_share is not None, workflow.undecided_votes),
        (workflow.flags is not None, workflow.flags or 0),
    )
    return min(max(least, 1) for is_on, least in rules if is_on)


def open_slots(workflow: Workflow, votes: int, taken: int) -> int:
    """Return how many more people a subject may be handed to; negative where one was undone or came late.

    Taken are the slots of leases that are out, and of answers that do not count yet.
    """
    return redundancy(workflow, votes) - votes - taken


ENTRY = Columns(QueueEntry, "entry")
SUBJECT = Columns(Subject, "subject", "id", "survey_id", "gold_label", "zarr_array")

LOCK = f"""
    SELECT {ENTRY.sql}, {SUBJECT.sql}
    FROM queue_queueentry AS entry JOIN archive_subject AS subject ON subject.id = entry.subject_id
    WHERE entry.workflow_id = %s AND entry.subject_id = ANY(%s)
    ORDER BY entry.id FOR NO KEY UPDATE OF entry
"""  # noqa: S608  # column names of our own models


def lock_entries(workflow: Workflow, subjects: Sequence[int]) -> dict[int, QueueEntry]:
    """Lock the queue entries of the subjects, in the order of their primary keys; return them by subject."""
    entries = {}
    for row in fetch(LOCK, [workflow.pk, list(subjects)]):
        entry = ENTRY.build(row[: len(ENTRY)])
        entry.workflow, entry.subject = workflow, SUBJECT.build(row[len(ENTRY) :])
        if entry.subject.survey_id == workflow.survey_id:
            entry.subject.survey = workflow.survey
        entries[entry.subject_id] = entry
    return entries


def lend_again(classification: Classification, entry: QueueEntry, expires_at: datetime) -> None:
    """Give an undone subject back to the volunteer, as it was before they answered, if its slot is still free."""
    if not entry.is_gold and (entry.is_retired or entry.open_slots <= 0):
        return
    _, is_new = Lease.objects.get_or_create(
        volunteer_id=classification.volunteer_id,
        entry=entry,
        defaults={"reason": classification.reason, "expires_at": expires_at},
    )
    if is_new and not entry.is_gold:
        QueueEntry.objects.filter(pk=entry.pk).update(open_slots=F("open_slots") - 1)
