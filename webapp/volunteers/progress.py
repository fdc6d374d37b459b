"""How far a volunteer and a workflow are."""

from functools import partial

from django.db.models import Q

from webapp.core.cached_figures import kept
from webapp.core.sql import fetch
from webapp.volunteers.models import QueueEntry, Volunteer, Workflow

ANSWERED = """
    SELECT count(*) FROM volunteers_classification
    WHERE volunteer_id = %s AND workflow_id = %s AND withdrawn_at IS NULL
"""


def progress_of(volunteer: Volunteer | None, workflow: Workflow) -> dict[str, int]:
    """Return `answered` by this volunteer, and `retired` and `total` subjects of the workflow.

    Those that only train are left out. Counting a long queue takes longer than answering a question, so the last two
    are kept for a while (`webapp.core.cached_figures`).
    """
    answered = fetch(ANSWERED, [volunteer.pk, workflow.pk])[0][0] if volunteer else 0
    return {"answered": answered, **kept(f"progress-{workflow.pk}", partial(_of_queue, workflow))}


def _of_queue(workflow: Workflow) -> dict[str, int]:
    entries = QueueEntry.objects.filter(Q(is_gold=False) | Q(is_retired=True), workflow=workflow)
    return {"retired": entries.filter(is_retired=True).count(), "total": entries.count()}
