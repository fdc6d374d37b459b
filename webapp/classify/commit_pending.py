"""Commit pending classifications whose undo period has ended; others when their volunteer submits again."""

from collections import defaultdict
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Value
from django.db.models.functions import Now

from webapp.classifications.models import Classification
from webapp.consensus.apply_votes import count
from webapp.consensus.locking import lock_voters
from webapp.queue.entries import lock_entries
from webapp.workflows.models import Workflow

VOLUNTEERS = 100


def count_overdue(limit: int = 10_000) -> int:
    """Let the answers count whose grace period has ended and whose volunteer did not go on; return how many."""
    grace = ExpressionWrapper(F("workflow__grace") * Value(timedelta(seconds=1)), output_field=DurationField())
    ended = ExpressionWrapper(Now() - grace, output_field=DateTimeField())
    due = Classification.objects.held_back().filter(created_at__lt=ended).order_by("created_at")
    overdue: dict[int, dict[int, set[UUID]]] = defaultdict(lambda: defaultdict(set))
    for pk, workflow, volunteer in due.values_list("pk", "workflow", "volunteer")[:limit]:
        overdue[workflow][volunteer].add(pk)
    workflows = Workflow.objects.select_related("survey").in_bulk(list(overdue))
    counted = 0
    for workflow, of_volunteer in overdue.items():
        volunteers = sorted(of_volunteer)
        for start in range(0, len(volunteers), VOLUNTEERS):
            ids = {who: of_volunteer[who] for who in volunteers[start : start + VOLUNTEERS]}
            counted += _count(workflows[workflow], ids)
    return counted


@transaction.atomic
def _count(workflow: Workflow, of_volunteer: dict[int, set[UUID]]) -> int:
    """Count what is still held back of some answers, by volunteer."""
    voters = lock_voters(workflow, list(of_volunteer))
    ballots = [(each, [row for row in each.held if row.pk in of_volunteer[each.volunteer]]) for each in voters]
    answers = [row for _, rows in ballots for row in rows]
    if answers:
        count(workflow, ballots, lock_entries(workflow, [row.subject_id for row in answers]))
    return len(answers)
