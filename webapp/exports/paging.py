"""Keyset paging through classifications and queue entries, in constant memory.

Every page is a query of its own, so an export holds no transaction open, however slowly somebody reads it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from webapp.core.sql import fetch
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow

PAGE = 1000

# The database writes moments as text: they leave as text, and to make them objects in between takes longer than all
# else together.
ISO = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
SELECT = f"""
    SELECT answer.id, answer.subject_id, volunteer.key, volunteer.user_id IS NOT NULL, answer.answer,
        answer.follow_up, answer.reason, {ISO.format("answer.started_at")}, {ISO.format("answer.finished_at")},
        {ISO.format("answer.created_at")}, extract(epoch FROM answer.finished_at - answer.started_at)::float8,
        answer.device, answer.viewport, answer.frames_seen, answer.evidence IS NOT NULL
    FROM classifications_classification AS answer
    JOIN volunteers_volunteer AS volunteer ON volunteer.id = answer.volunteer_id
    WHERE answer.workflow_id = %(workflow)s AND answer.withdrawn_at IS NULL AND answer.is_counted
"""  # noqa: S608  # constants

# Answers of one subject follow each other. The order is that of the index, so that a page costs the same anywhere.
AFTER = f"""
    {SELECT} AND answer.subject_id >= %(subject)s AND (answer.subject_id, answer.id) > (%(subject)s, %(id)s)
    ORDER BY answer.subject_id, answer.id LIMIT %(page)s
"""
OF_SUBJECTS = f"{SELECT} AND answer.subject_id = ANY(%(subjects)s) ORDER BY answer.subject_id, answer.id"


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that counts, and whose it is. It weighs nothing while its volunteer is not trusted.

    Moments are text, `2025-01-21T16:08:41.123Z`; what it took is in seconds.
    """

    id: UUID
    subject: int
    volunteer: UUID
    has_account: bool
    answer: str
    follow_up: str
    reason: str
    started_at: str | None
    finished_at: str | None
    created_at: str
    took: float | None
    device: str
    viewport: str
    frames_seen: int | None
    weighs: bool


def answers(workflow: Workflow) -> Iterator[Sequence[Given]]:
    """Yield all answers that count: none that was taken back, and none that still may be."""
    subject, last = 0, UUID(int=0)
    while True:
        of = {"workflow": workflow.pk, "subject": subject, "id": last, "page": PAGE}
        page = [Given(*row) for row in fetch(AFTER, of)]
        if page:
            yield page
        if len(page) < PAGE:
            return
        subject, last = page[-1].subject, page[-1].id


def answers_of(workflow: Workflow, subjects: Sequence[int]) -> list[Given]:
    """Return the answers about some subjects that count."""
    return [Given(*row) for row in fetch(OF_SUBJECTS, {"workflow": workflow.pk, "subjects": list(subjects)})]


def queued(workflow: Workflow) -> Iterator[Sequence[int]]:
    """Yield the subjects of the workflow's queue."""
    after = 0
    while True:
        entries = QueueEntry.objects.filter(workflow=workflow, subject__gt=after).order_by("subject")
        page = list(entries.values_list("subject", flat=True)[:PAGE])
        if page:
            yield page
        if len(page) < PAGE:
            return
        after = page[-1]
