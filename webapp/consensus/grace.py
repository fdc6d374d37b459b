"""When an answer begins to count: once its volunteer has gone on, or its grace period has ended."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Value
from django.db.models.functions import Now

from webapp.consensus.skill import count_answers
from webapp.consensus.update import refresh_locked
from webapp.sql import fetch
from webapp.volunteers.classify import ANSWER, lock_entries
from webapp.volunteers.models import Classification, QueueEntry, Volunteer, Workflow

BATCH = 500
COUNT = f"""
    UPDATE volunteers_classification AS answer SET is_counted = true
    WHERE workflow_id = %(workflow)s AND withdrawn_at IS NULL AND NOT is_counted AND {{which}}
    RETURNING {ANSWER.sql}
"""  # noqa: S608  # column names of our own models
OF_VOLUNTEER = COUNT.format(
    which="volunteer_id = %(volunteer)s AND subject_id = ANY(%(locked)s) AND id <> ALL(%(last)s)"
)
BY_ID = COUNT.format(which="id = ANY(%(ids)s)")


def count_those_before(
    volunteer: Volunteer, workflow: Workflow, last: Sequence[UUID], entries: Mapping[int, QueueEntry]
) -> list[Classification]:
    """Let a volunteer's answers to the subjects of these entries count, but the last; add them to their skill.

    Lock the entries first, with the volunteer named (`lock_entries`). Returns the answers, for the caller to bring
    the sums up to date.
    """
    whose = {"workflow": workflow.pk, "volunteer": volunteer.pk, "locked": list(entries), "last": list(last)}
    return _counted(workflow, fetch(OF_VOLUNTEER, whose), entries)


def count_overdue(limit: int = 20 * BATCH) -> int:
    """Let the answers count whose grace period has ended and whose volunteer did not go on; return how many."""
    grace = ExpressionWrapper(F("workflow__grace") * Value(timedelta(seconds=1)), output_field=DurationField())
    ended = ExpressionWrapper(Now() - grace, output_field=DateTimeField())
    due = Classification.objects.held_back().filter(created_at__lt=ended).order_by("created_at")
    by_workflow = defaultdict(list)
    for pk, workflow, subject in due.values_list("pk", "workflow", "subject")[:limit]:
        by_workflow[workflow].append((pk, subject))
    workflows = Workflow.objects.select_related("survey").in_bulk(list(by_workflow))
    return sum(
        _count_batch(workflows[workflow], answers[start : start + BATCH])
        for workflow, answers in by_workflow.items()
        for start in range(0, len(answers), BATCH)
    )


@transaction.atomic
def _count_batch(workflow: Workflow, answers: Sequence[tuple[UUID, int]]) -> int:
    entries = lock_entries(workflow, [subject for _, subject in answers])
    rows = fetch(BY_ID, {"workflow": workflow.pk, "ids": [pk for pk, _ in answers]})
    counted = _counted(workflow, rows, entries)
    refresh_locked(workflow, [entries[subject] for subject in {row.subject_id for row in counted}])
    return len(counted)


def _counted(
    workflow: Workflow, rows: Sequence[tuple[object, ...]], entries: Mapping[int, QueueEntry]
) -> list[Classification]:
    by_volunteer = defaultdict(list)
    for row in rows:
        answer = ANSWER.build(row)
        answer.workflow, answer.subject = workflow, entries[answer.subject_id].subject
        by_volunteer[answer.volunteer_id].append(answer)
    for _, answers in sorted(by_volunteer.items()):
        count_answers(answers, 1)
    return [answer for answers in by_volunteer.values() for answer in answers]
