"""Fill a workflow's queue from its subject sets."""

from django.db import connection

from webapp.volunteers.models import Reason, Workflow
from webapp.volunteers.wanted import available

INSERT = """
    INSERT INTO volunteers_queueentry
        (workflow_id, subject_id, priority, reason, available, shuffle, is_gold, is_retired)
    SELECT DISTINCT %(workflow)s::bigint, subject.id, 0.0, %(reason)s, %(available)s::smallint, random(),
        subject.gold_label <> '', false
    FROM volunteers_workflow_subject_sets AS chosen
    JOIN archive_subjectset_subjects AS member ON member.subjectset_id = chosen.subjectset_id
    JOIN archive_subject AS subject ON subject.id = member.subject_id
    WHERE chosen.workflow_id = %(workflow)s AND subject.kind = %(kind)s AND subject.duplicate_of_id IS NULL
    ON CONFLICT (workflow_id, subject_id) DO NOTHING
"""


def enqueue_subjects(workflow: Workflow) -> int:
    """Add the subjects of the workflow's sets that are not in its queue yet; return how many.

    Duplicates of another subject and subjects of another kind stay out. Doing it again adds only what is new.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            {
                "workflow": workflow.pk,
                "reason": Reason.NEW.value,
                "available": available(workflow, votes=0, taken=0),
                "kind": workflow.kind,
            },
        )
        return int(cursor.rowcount)
