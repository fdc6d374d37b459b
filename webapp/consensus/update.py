"""Add up the votes: consensus, retirement and what the queue may still hand out, always recomputable from the votes."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from webapp.consensus.models import Consensus
from webapp.consensus.posterior import posterior
from webapp.consensus.retire import BY_VOTES, reason_to_retire
from webapp.consensus.skill import CELLS, recount
from webapp.sql import Columns, execute, fetch
from webapp.volunteers.classify import lock_entries
from webapp.volunteers.models import Classification, QueueEntry, Workflow
from webapp.volunteers.wanted import available

BATCH = 1000
WRITTEN = (
    "subject_id", "votes_yes", "votes_no", "votes_unsure", "posterior", "is_retired", "retired_reason", "retired_at"
)  # fmt: skip

STALE = """
    SELECT DISTINCT summed.subject_id
    FROM consensus_skill AS skill
    JOIN volunteers_classification AS vote
        ON vote.volunteer_id = skill.volunteer_id AND vote.workflow_id = skill.workflow_id
    JOIN consensus_consensus AS summed
        ON summed.workflow_id = vote.workflow_id AND summed.subject_id = vote.subject_id
    WHERE skill.workflow_id = %s AND vote.withdrawn_at IS NULL AND vote.is_counted AND NOT summed.is_retired
        AND summed.updated_at < skill.updated_at
    LIMIT %s
"""

ROW = Columns(Consensus, "summed")

# One row for each entry: its slots that are taken (leases that are out, and answers that do not count yet), the votes
# that count with their voters' skills, and the sum so far.
READ = f"""
    SELECT entry.subject_id,
        (SELECT count(*) FROM volunteers_lease AS lease WHERE lease.entry_id = entry.id)
            + (
                SELECT count(*) FROM volunteers_classification AS held
                WHERE held.workflow_id = entry.workflow_id AND held.subject_id = entry.subject_id
                    AND held.withdrawn_at IS NULL AND NOT held.is_counted
            ),
        (
            SELECT json_agg(json_build_array(
                vote.answer, vote.follow_up, {", ".join(f"skill.{cell}" for cell in CELLS)}
            ))
            FROM volunteers_classification AS vote
            LEFT JOIN consensus_skill AS skill
                ON skill.volunteer_id = vote.volunteer_id AND skill.workflow_id = vote.workflow_id
            WHERE vote.workflow_id = entry.workflow_id AND vote.subject_id = entry.subject_id
                AND vote.withdrawn_at IS NULL AND vote.is_counted
        ),
        {ROW.sql}
    FROM volunteers_queueentry AS entry
    LEFT JOIN consensus_consensus AS summed
        ON summed.workflow_id = entry.workflow_id AND summed.subject_id = entry.subject_id
    WHERE entry.id = ANY(%s)
"""  # noqa: S608  # column names of our own models

# Queue entries that would not change are left alone, so that adding up anew writes little.
WRITE = """
    WITH summed AS (
        SELECT * FROM unnest(
            %(subject_id)s::bigint[], %(votes_yes)s::int[], %(votes_no)s::int[], %(votes_unsure)s::int[],
            %(follow_ups)s::text[], %(posterior)s::float8[], %(is_retired)s::boolean[], %(retired_reason)s::text[],
            %(retired_at)s::timestamptz[], %(available)s::smallint[]
        ) AS row (subject_id, votes_yes, votes_no, votes_unsure, follow_ups, posterior, is_retired, retired_reason,
            retired_at, available)
    ), stored AS (
        INSERT INTO consensus_consensus AS old (
            workflow_id, subject_id, votes_yes, votes_no, votes_unsure, follow_ups, posterior, method, version,
            is_retired, retired_reason, retired_at, updated_at
        )
        SELECT %(workflow)s, subject_id, votes_yes, votes_no, votes_unsure, follow_ups::jsonb, posterior, %(method)s,
            1, is_retired, retired_reason, retired_at, now()
        FROM summed WHERE votes_yes + votes_no + votes_unsure > 0 OR is_retired
        ON CONFLICT (workflow_id, subject_id) DO UPDATE SET
            votes_yes = excluded.votes_yes, votes_no = excluded.votes_no, votes_unsure = excluded.votes_unsure,
            follow_ups = excluded.follow_ups, posterior = excluded.posterior, method = excluded.method,
            version = old.version + 1, is_retired = excluded.is_retired, retired_reason = excluded.retired_reason,
            retired_at = excluded.retired_at, updated_at = excluded.updated_at
    ), gone AS (
        DELETE FROM consensus_consensus AS old USING summed
        WHERE old.workflow_id = %(workflow)s AND old.subject_id = summed.subject_id
            AND summed.votes_yes + summed.votes_no + summed.votes_unsure = 0 AND NOT summed.is_retired
    )
    UPDATE volunteers_queueentry AS entry SET available = summed.available, is_retired = summed.is_retired
    FROM summed
    WHERE entry.workflow_id = %(workflow)s AND entry.subject_id = summed.subject_id
        AND (entry.available, entry.is_retired) <> (summed.available, summed.is_retired)
"""


@transaction.atomic
def refresh(workflow: Workflow, subjects: Iterable[int]) -> dict[int, Consensus]:
    """Add up the standing votes on some subjects with the voters' skills of now; return the result by subject.

    The number of queries does not depend on the number of subjects. Their queue entries are locked first, in the
    order of their primary keys, so that people who vote on one subject at the same time wait for each other.
    """
    return refresh_locked(workflow, list(lock_entries(workflow, list(subjects)).values()))


def recompute(workflow: Workflow) -> int:
    """Add up everything in a workflow anew, skills first; return how many subjects have votes.

    Skills move on with every gold subject, and the subjects a volunteer saw before keep what was believed then
    until this is run; so run it before labels are taken from the consensus. Batches are transactions of their own.
    """
    recount(workflow)
    voted = Classification.objects.filter(workflow=workflow, subject=OuterRef("subject"))
    summed = Consensus.objects.filter(workflow=workflow, subject=OuterRef("subject"))
    entries = QueueEntry.objects.filter(Q(Exists(voted)) | Q(Exists(summed)), workflow=workflow)
    subjects = list(entries.order_by("pk").values_list("subject", flat=True))
    for start in range(0, len(subjects), BATCH):
        refresh(workflow, subjects[start : start + BATCH])
    return len(subjects)


def catch_up(workflow: Workflow, limit: int = 10 * BATCH) -> int:
    """Add up open subjects anew whose voters have been better known since; return how many.

    Retired ones keep what settled them until `recompute` looks at everything.
    """
    stale = [row[0] for row in fetch(STALE, [workflow.pk, limit])]
    for start in range(0, len(stale), BATCH):
        refresh(workflow, stale[start : start + BATCH])
    return len(stale)


def truth_changed(workflow: Workflow, subjects: Iterable[int]) -> None:
    """Count anew the skills of those who answered subjects whose gold label was just set or removed."""
    answers = Classification.objects.counted().filter(workflow=workflow, subject__in=list(subjects))
    recount(workflow, answers.values_list("volunteer", flat=True).distinct())


def refresh_locked(workflow: Workflow, entries: Sequence[QueueEntry]) -> dict[int, Consensus]:
    """Do what `refresh` does, for entries that this transaction has locked already."""
    by_subject = {entry.subject_id: entry for entry in entries}
    rows = {}
    for subject, taken, votes, *stored in fetch(READ, [[entry.pk for entry in entries]]):
        entry = by_subject[subject]
        row = Consensus(subject_id=subject) if stored[0] is None else ROW.build(stored)
        row.workflow = workflow
        _sum_up(row, votes or [])
        _retire(row, entry)
        entry.is_retired = row.is_retired
        if not entry.is_gold:  # everybody may hold a gold subject
            entry.available = available(workflow, row.votes, taken)
        rows[subject] = row
    _write(workflow, entries, rows)
    return rows


def _sum_up(row: Consensus, votes: Sequence[Sequence[Any]]) -> None:
    """Add up votes, each a list of answer, follow-up and the six cells of the voter's skill (null for a newcomer)."""
    answers = [vote[0] for vote in votes]
    row.votes_yes, row.votes_no, row.votes_unsure = (answers.count(answer) for answer in ("yes", "no", "unsure"))
    row.follow_ups = dict(sorted(Counter(vote[1] for vote in votes if vote[1]).items()))
    row.method = row.workflow.method
    row.posterior = posterior(row.workflow, answers, [tuple(cell or 0 for cell in vote[2:]) for vote in votes])


def _retire(row: Consensus, entry: QueueEntry) -> None:
    """Retire or bring back by the votes; what a person retired stays so, and a gold subject is never retired."""
    if row.is_retired and row.retired_reason not in BY_VOTES:
        return
    reason = "" if entry.is_gold else reason_to_retire(row)
    row.is_retired, row.retired_reason = bool(reason), reason
    row.retired_at = (row.retired_at or timezone.now()) if reason else None


def _write(workflow: Workflow, entries: Sequence[QueueEntry], rows: dict[int, Consensus]) -> None:
    """Write sums and queue in one statement; a subject without votes has no sum, as before its first vote."""
    summed = [rows[entry.subject_id] for entry in entries]
    parameters: dict[str, Any] = {name: [getattr(row, name) for row in summed] for name in WRITTEN}
    parameters["follow_ups"] = [json.dumps(row.follow_ups) for row in summed]
    parameters["available"] = [entry.available for entry in entries]
    execute(WRITE, parameters | {"workflow": workflow.pk, "method": workflow.method})
