"""Active learning: write acquisition scores (model and crowd uncertainty) into the queue as priorities.

The expected value of one more vote is the product of two uncertainties, each in 0..1: the entropy of the champion's
real against bogus, and the entropy of the volunteers' posterior (1 before any vote), each with a floor, so that neither
can suppress the other. `ml.acquisition.uncertainty.value` is the same in numpy. A subject without a score counts as
fully uncertain.

Random sampling is not done here: the queue serves a fraction of the subjects at random, at the moment of the request,
so that this fraction holds for any priorities.
"""

import itertools
from collections.abc import Iterator

from django.db import connection, transaction

from webapp.classifications.models import Reason
from webapp.consensus.models import Consensus
from webapp.learning.models import Checkpoint, Score, ScoringRun
from webapp.learning.retention import prune
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow

FLOOR = 0.05
BATCH = 10_000
"""Entries per transaction. The queue skips locked ones, so locking all at once would make it look empty."""

# Both entropies are fractions of ln 2, the maximum. A posterior of 0 or 1 has entropy 0. Entries are locked in
# key order, as in all writes to the queue. A former champion writes nothing.
_SQL = f"""
UPDATE {QueueEntry._meta.db_table} AS entry
SET priority = worth.value, reason = worth.reason
FROM (
    SELECT queued.id,
        greatest(%(floor)s, coalesce(score.entropy / ln(2.0), 1)) * greatest(%(floor)s, CASE
            WHEN crowd.votes_yes + crowd.votes_no + crowd.votes_unsure > 0 THEN CASE
                WHEN crowd.posterior > 0 AND crowd.posterior < 1 THEN
                    -(crowd.posterior * ln(crowd.posterior) + (1 - crowd.posterior) * ln(1 - crowd.posterior)) / ln(2.0)
                ELSE 0 END
            ELSE 1 END) AS value,
        CASE WHEN score.entropy IS NULL THEN %(new)s ELSE %(uncertain)s END AS reason
    FROM (
        SELECT id, subject_id, workflow_id FROM {QueueEntry._meta.db_table}
        WHERE workflow_id = %(workflow)s AND id > %(after)s AND id <= %(until)s AND NOT is_retired AND NOT is_gold
        ORDER BY id FOR NO KEY UPDATE
    ) AS queued
    LEFT JOIN {Score._meta.db_table} AS score
        ON score.subject_id = queued.subject_id AND score.checkpoint_id = %(checkpoint)s
    LEFT JOIN {Consensus._meta.db_table} AS crowd
        ON crowd.subject_id = queued.subject_id AND crowd.workflow_id = queued.workflow_id
    WHERE (SELECT is_champion FROM {Checkpoint._meta.db_table} WHERE id = %(checkpoint)s)
) AS worth
WHERE entry.id = worth.id AND (entry.priority, entry.reason) IS DISTINCT FROM (worth.value, worth.reason)
"""  # noqa: S608 - the names are our own tables


def workflows_guided_by(checkpoint: Checkpoint) -> list[Workflow]:
    """Return the active workflows whose queue uses the checkpoint's scores."""
    return list(
        Workflow.objects.filter(
            survey=checkpoint.survey_id, kind=checkpoint.kind, is_active=True, random_fraction__lt=1
        ).order_by("pk")
    )


def write_priorities(workflow: Workflow, checkpoint: Checkpoint) -> int:
    """Order the workflow's open entries by the expected value of a vote; return how many changed.

    It works in complete batches; a repeated run changes only what differs.
    """
    return sum(_write_batch(workflow, checkpoint, after, until) for after, until in _batches(workflow))


@transaction.atomic
def _write_batch(workflow: Workflow, checkpoint: Checkpoint, after: int, until: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL,
            {
                "floor": FLOOR,
                "new": Reason.NEW,
                "uncertain": Reason.UNCERTAIN,
                "checkpoint": checkpoint.pk,
                "workflow": workflow.pk,
                "after": after,
                "until": until,
            },
        )
        return int(cursor.rowcount)


def _batches(workflow: Workflow) -> Iterator[tuple[int, int]]:
    open_entries = QueueEntry.objects.filter(workflow=workflow, is_retired=False, is_gold=False)
    keys = open_entries.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=BATCH)
    after = 0
    while batch := list(itertools.islice(keys, BATCH)):
        yield after, batch[-1]
        after = batch[-1]


def update_priorities(run: ScoringRun) -> None:
    """Finish a scoring run: write the champion's priorities into the queues it guides, and delete old scores."""
    changed = 0
    if run.checkpoint.is_champion:
        for workflow in workflows_guided_by(run.checkpoint):
            changed += write_priorities(workflow, run.checkpoint)
            run.renew(done=changed)
    prune(run.checkpoint)
    run.finish(message=f"{changed} priorities changed.")
