"""What the queues of a survey hold."""

from dataclasses import dataclass

from django.db.models import Count, Q

from webapp.archive.models import Survey
from webapp.volunteers.models import QueueEntry


@dataclass(frozen=True)
class Stock:
    """Entries of one queue: those still asked about, those retired, and the gold ones that train, ruled ones too."""

    open: int = 0
    retired: int = 0
    gold: int = 0
    total: int = 0


def stock_of(survey: Survey) -> dict[int, Stock]:
    """Return what the queue of each workflow holds, by the workflow's key; a workflow with an empty one is left out."""
    counted = (
        QueueEntry.objects.filter(workflow__survey=survey)
        .values("workflow")
        .order_by("workflow")
        .annotate(
            open=Count("pk", filter=Q(is_retired=False, is_gold=False)),
            retired=Count("pk", filter=Q(is_retired=True)),
            gold=Count("pk", filter=Q(is_gold=True)),
            total=Count("pk"),
        )
        .values_list("workflow", "open", "retired", "gold", "total")
    )
    return {workflow: Stock(*numbers) for workflow, *numbers in counted}
