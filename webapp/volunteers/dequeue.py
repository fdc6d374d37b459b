"""Take out of a workflow's queue what its subject sets no longer hold."""

from django.db import transaction

from webapp.core.sql import fetch
from webapp.volunteers.models import Workflow

# Whoever hands entries out passes over locked ones, so nobody is given what is about to go.
LOCK = """
    SELECT entry.id FROM volunteers_queueentry AS entry
    WHERE entry.workflow_id = %(workflow)s AND NOT entry.is_retired
        AND NOT EXISTS (
            SELECT FROM volunteers_workflow_subject_sets AS chosen
            JOIN archive_subjectset_subjects AS member ON member.subjectset_id = chosen.subjectset_id
            WHERE chosen.workflow_id = %(workflow)s AND member.subject_id = entry.subject_id
        )
    ORDER BY entry.id FOR UPDATE SKIP LOCKED
"""

# A statement of its own, which sees the leases and answers of whoever held the locks before.
DELETE = """
    DELETE FROM volunteers_queueentry AS entry
    WHERE entry.id = ANY(%(locked)s)
        AND NOT EXISTS (SELECT FROM volunteers_lease AS lease WHERE lease.entry_id = entry.id)
        AND NOT EXISTS (
            SELECT FROM volunteers_classification AS answer
            WHERE answer.workflow_id = %(workflow)s AND answer.subject_id = entry.subject_id
        )
    RETURNING entry.id
"""


@transaction.atomic
def dequeue_subjects(workflow: Workflow) -> int:
    """Remove the entries whose subjects are in none of the workflow's sets; return how many.

    What somebody has answered, holds at the moment, or a scientist has ruled on stays, and is brought to its end.
    """
    locked = [row[0] for row in fetch(LOCK, {"workflow": workflow.pk})]
    return len(fetch(DELETE, {"workflow": workflow.pk, "locked": locked}))
