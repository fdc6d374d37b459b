"""Queue membership: enqueue the subjects of a workflow's sets, dequeue removed ones; sets that grow."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from webapp.archive.models import IngestRun, Subject, SubjectSet, Survey
from webapp.archive.models.subject import KNOWN_ORBIT
from webapp.classifications.models import Reason
from webapp.core.postgresql.time_limits import lift_statement_limit
from webapp.core.sql import analyze, execute, fetch
from webapp.queue.entries import lock_in_all_workflows, open_slots
from webapp.queue.models import UNKNOWN, QueueEntry
from webapp.workflows.models import Workflow

# Shared: whoever gives one of them a verdict or a class waits until the entries are stored, or was waited for.
NEW = """
    SELECT workflow.id, subject.id FROM workflows_workflow AS workflow
    JOIN workflows_workflow_subject_sets AS chosen ON chosen.workflow_id = workflow.id
    JOIN archive_subjectset_subjects AS member ON member.subjectset_id = chosen.subjectset_id
    JOIN archive_subject AS subject ON subject.id = member.subject_id AND subject.kind = workflow.kind
    WHERE workflow.id = ANY(%(workflows)s::bigint[])
        AND subject.duplicate_of_id IS NULL AND subject.pixels_dropped_at IS NULL
        AND (%(only)s::bigint[] IS NULL OR subject.id = ANY(%(only)s::bigint[]))
        AND NOT EXISTS (
            SELECT FROM queue_queueentry AS entry
            WHERE entry.workflow_id = workflow.id AND entry.subject_id = subject.id
        )
    ORDER BY subject.id FOR SHARE OF subject
"""
# A separate statement, to see what they have changed.
INSERT = """
    WITH public AS MATERIALIZED (
        SELECT DISTINCT subject_id FROM queue_queueentry WHERE is_public AND subject_id = ANY(%(subjects)s::bigint[])
    )
    INSERT INTO queue_queueentry
        (workflow_id, subject_id, priority, reason, open_slots, random_key, is_gold, is_retired, is_public)
    SELECT %(workflow)s::bigint, subject.id, %(priority)s::float8, %(reason)s, %(open_slots)s::smallint, random(),
        subject.gold_label <> '' AND (subject.gold_source <> %(orbit)s OR %(known_objects)s)
            AND NOT (public.subject_id IS NOT NULL AND subject.gold_source = 'ruling'),
        ruled.id IS NOT NULL, public.subject_id IS NOT NULL
    FROM unnest(%(subjects)s::bigint[]) AS new (id) JOIN archive_subject AS subject USING (id)
    LEFT JOIN public ON public.subject_id = subject.id
    LEFT JOIN consensus_consensus AS ruled
        ON ruled.workflow_id = %(workflow)s AND ruled.subject_id = subject.id AND ruled.is_retired
    ORDER BY subject.id
    ON CONFLICT (workflow_id, subject_id) DO NOTHING
"""


def enqueue_subjects(workflow: Workflow, only: list[int] | None = None) -> int:
    """Add the subjects of the workflow's sets that are not in its queue yet; return how many.

    Duplicates, subjects of another kind and those without pixels are excluded. Repeating it adds only new ones. They
    are gold as by `is_gold_in`, but for a verdict that is public, and retired if they have a verdict already.

    Parameters
    ----------
    only
        Consider these subjects; None for all.
    """
    return _enqueue([workflow], only)


@transaction.atomic
def _enqueue(workflows: Collection[Workflow], only: list[int] | None) -> int:
    """Do the same in several workflows, whose new subjects are shared at once: everybody locks them in one order."""
    new = defaultdict(list)
    with connection.cursor() as cursor:  # which plans anew, with an index for a few of a large set
        cursor.execute(NEW, {"workflows": [each.pk for each in workflows], "only": only})
        for workflow, subject in cursor.fetchall():
            new[workflow].append(subject)
        return sum(_insert(cursor, each, new[each.pk]) for each in workflows if each.pk in new)


def _insert(cursor: Any, workflow: Workflow, subjects: list[int]) -> int:
    values = {
        "workflow": workflow.pk,
        "priority": UNKNOWN,
        "reason": Reason.NEW.value,
        "open_slots": open_slots(workflow, votes=0, taken=0),
        "orbit": KNOWN_ORBIT,
        "known_objects": workflow.known_objects_are_gold,
        "subjects": subjects,
    }
    cursor.execute(INSERT, values)
    return int(cursor.rowcount)


def is_gold_in(workflow: Workflow, subject: int) -> bool:
    """Return whether a subject is gold in a workflow: by a known orbit only where known objects are gold."""
    gold = Subject.objects.gold().filter(pk=subject)
    return (gold if workflow.known_objects_are_gold else gold.exclude(gold_source=KNOWN_ORBIT)).exists()


# Assigning skips locked entries, so nobody gets one that is about to be removed.
LOCK = """
    SELECT entry.id FROM queue_queueentry AS entry
    WHERE entry.workflow_id = %(workflow)s AND NOT entry.is_retired
        AND NOT EXISTS (
            SELECT FROM workflows_workflow_subject_sets AS chosen
            JOIN archive_subjectset_subjects AS member ON member.subjectset_id = chosen.subjectset_id
            WHERE chosen.workflow_id = %(workflow)s AND member.subject_id = entry.subject_id
        )
    ORDER BY entry.id FOR UPDATE SKIP LOCKED
"""

# A separate statement, to see leases and answers of the previous lock holders.
DELETE = """
    DELETE FROM queue_queueentry AS entry
    WHERE entry.id = ANY(%(locked)s)
        AND NOT EXISTS (SELECT FROM queue_lease AS lease WHERE lease.entry_id = entry.id)
        AND NOT EXISTS (
            SELECT FROM classifications_classification AS answer
            WHERE answer.workflow_id = %(workflow)s AND answer.subject_id = entry.subject_id
        )
    RETURNING entry.id
"""


@transaction.atomic
def dequeue_subjects(workflow: Workflow) -> int:
    """Remove the entries whose subjects are in none of the workflow's sets; return how many.

    Entries with an answer, a lease or a ruling stay.
    """
    locked = [row[0] for row in fetch(LOCK, {"workflow": workflow.pk})]
    return len(fetch(DELETE, {"workflow": workflow.pk, "locked": locked}))


def end_training(subjects: Iterable[int]) -> None:
    """Let verdicts on the subjects train nobody any more, since everybody may know their class now.

    What is retired is not served at all. That holds for later verdicts too, and for queues that the subjects join.
    """
    keys = list(subjects)
    list(Subject.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk").values_list("pk"))
    lock_in_all_workflows(keys)
    entries = QueueEntry.objects.filter(subject__in=keys)
    entries.update(is_public=True)
    ruled = Q(is_retired=True) | Q(subject__gold_source="ruling")
    entries.filter(ruled, is_gold=True).update(is_gold=False)


def refill(run: IngestRun) -> int:
    """Add newly ingested subjects to the queue of every workflow that uses their set; return how many entries."""
    added = enqueue_new(run.survey_id, run.subject_set)
    if added:
        analyze(QueueEntry)
    return added


def add_to_set(survey: Survey, name: str, subjects: list[int]) -> SubjectSet:
    """Add subjects to the survey's set of that name, made if needed, and to the queues that use it; return the set."""
    row, _created = SubjectSet.objects.get_or_create(survey=survey, name=name)
    row.subjects.add(*subjects)
    enqueue_new(survey.pk, name, subjects)
    return row


# Shared by whoever adds subjects to the set, until they commit.
SHARE = "SELECT FROM archive_subjectset WHERE survey_id = %s AND name = %s FOR SHARE"
# A change of their rules waits until then, so that its recount finds the new entries.
DRAWING = """
    SELECT workflow.id FROM workflows_workflow AS workflow
    JOIN workflows_workflow_subject_sets AS chosen ON chosen.workflow_id = workflow.id
    JOIN archive_subjectset AS drawn ON drawn.id = chosen.subjectset_id
    WHERE drawn.survey_id = %s AND drawn.name = %s ORDER BY workflow.id FOR SHARE OF workflow
"""


@transaction.atomic
def enqueue_new(survey: int, subject_set: str, only: list[int] | None = None) -> int:
    """Add subjects of a set (`only` as in `enqueue_subjects`) to the queue of every workflow that uses it."""
    execute(SHARE, [survey, subject_set])
    keys = [key for (key,) in fetch(DRAWING, [survey, subject_set])]
    drawing = Workflow.objects.filter(pk__in=keys).order_by("pk")
    return _enqueue(drawing, only)


@transaction.atomic
def enqueue_late(workflow: Workflow) -> int:
    """Add what others put into a workflow's sets just before it was committed that it uses them; return how many.

    Call it after that commit: from then on, whoever adds subjects to the sets sees the workflow.
    """
    lift_statement_limit()
    list(workflow.subject_sets.order_by("pk").select_for_update(no_key=True, of=("self",)).values_list("pk"))
    members = Subject.objects.originals().with_pixels().filter(sets__workflows=workflow, kind=workflow.kind)
    left_out = members.exclude(Exists(workflow.queue.filter(subject=OuterRef("pk"))))
    return enqueue_subjects(workflow, list(left_out.values_list("pk", flat=True)))
