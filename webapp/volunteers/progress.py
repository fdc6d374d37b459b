"""How far a volunteer and a workflow are."""

from django.core.cache import cache
from django.db.models import Q

from webapp.sql import fetch
from webapp.volunteers.models import QueueEntry, Volunteer, Workflow

FRESH_FOR = 10
ANSWERED = """
    SELECT count(*) FROM volunteers_classification
    WHERE volunteer_id = %s AND workflow_id = %s AND withdrawn_at IS NULL
"""


def progress_of(volunteer: Volunteer | None, workflow: Workflow) -> dict[str, int]:
    """Return `answered` by this volunteer, and `retired` and `total` subjects of the workflow.

    Those that only train are left out. Counting a long queue takes longer than answering a question, so the last two
    may be `FRESH_FOR` seconds old.
    """
    answered = fetch(ANSWERED, [volunteer.pk, workflow.pk])[0][0] if volunteer else 0
    return {"answered": answered, **_of_queue(workflow)}


def _of_queue(workflow: Workflow) -> dict[str, int]:
    key = f"progress-{workflow.pk}"
    counted: dict[str, int] | None = cache.get(key)
    if counted is None:
        entries = QueueEntry.objects.filter(Q(is_gold=False) | Q(is_retired=True), workflow=workflow)
        counted = {"retired": entries.filter(is_retired=True).count(), "total": entries.count()}
        cache.set(key, counted, FRESH_FOR)
    return counted
