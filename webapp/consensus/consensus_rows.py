"""Read and write consensus rows for locked queue entries, in one statement together with the queue."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus
from webapp.core.sql import Columns, execute, fetch
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow

ROW = Columns(Consensus, "summed")
WRITTEN = (
    "subject_id", "votes_yes", "votes_no", "votes_unsure", "evidence", "posterior", "is_retired", "retired_reason",
    "retired_at",
)  # fmt: skip

# Occupied slots: leases, and answers that do not count yet. Not needed for gold.
TAKEN = """
    CASE WHEN entry.is_gold THEN 0 ELSE
        (SELECT count(*) FROM queue_lease AS lease WHERE lease.entry_id = entry.id)
        + (
            SELECT count(*) FROM classifications_classification AS held
            WHERE held.workflow_id = entry.workflow_id AND held.subject_id = entry.subject_id
                AND held.withdrawn_at IS NULL AND NOT held.is_counted
        )
    END
"""
SUMMED = """
    LEFT JOIN consensus_consensus AS summed
        ON summed.workflow_id = entry.workflow_id AND summed.subject_id = entry.subject_id
"""
READ = f"""
    SELECT entry.subject_id, {TAKEN}, {ROW.sql}
    FROM queue_queueentry AS entry {SUMMED} WHERE entry.id = ANY(%s)
"""  # noqa: S608  # column names of our own models

# Reads every vote of the subject, instead of the previous sums.
ADD_UP = f"""
    SELECT entry.subject_id, {TAKEN}, votes.yes, votes.no, votes.unsure, votes.evidence, votes.follow_ups, {ROW.sql}
    FROM queue_queueentry AS entry {SUMMED}
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE vote.answer = 'yes') AS yes, count(*) FILTER (WHERE vote.answer = 'no') AS no,
            count(*) FILTER (WHERE vote.answer = 'unsure') AS unsure, coalesce(sum(vote.evidence), 0) AS evidence,
            array_agg(vote.follow_up) FILTER (WHERE vote.follow_up <> '') AS follow_ups
        FROM classifications_classification AS vote
        WHERE vote.workflow_id = entry.workflow_id AND vote.subject_id = entry.subject_id
            AND vote.withdrawn_at IS NULL AND vote.is_counted AND vote.evidence IS NOT NULL
    ) AS votes
    WHERE entry.id = ANY(%s)
"""  # noqa: S608  # column names of our own models

# Newly counted answers get positions in the given order. Unchanged queue entries are not written,
# so that recomputing writes little.
WRITE = """
    WITH summed AS (
        SELECT * FROM unnest(
            %(subject_id)s::bigint[], %(votes_yes)s::int[], %(votes_no)s::int[], %(votes_unsure)s::int[],
            %(evidence)s::bigint[], %(follow_ups)s::text[], %(posterior)s::float8[], %(is_retired)s::boolean[],
            %(retired_reason)s::text[], %(retired_at)s::timestamptz[], %(open_slots)s::smallint[]
        ) AS row (subject_id, votes_yes, votes_no, votes_unsure, evidence, follow_ups, posterior, is_retired,
            retired_reason, retired_at, open_slots)
    ), stored AS (
        INSERT INTO consensus_consensus AS old (
            workflow_id, subject_id, votes_yes, votes_no, votes_unsure, evidence, follow_ups, posterior, method,
            version, is_retired, retired_reason, retired_at, updated_at
        )
        SELECT %(workflow)s, subject_id, votes_yes, votes_no, votes_unsure, evidence, follow_ups::jsonb, posterior,
            %(method)s, 1, is_retired, retired_reason, retired_at, now()
        FROM summed WHERE votes_yes + votes_no + votes_unsure > 0 OR is_retired
        ON CONFLICT (workflow_id, subject_id) DO UPDATE SET
            votes_yes = excluded.votes_yes, votes_no = excluded.votes_no, votes_unsure = excluded.votes_unsure,
            evidence = excluded.evidence, follow_ups = excluded.follow_ups, posterior = excluded.posterior,
            method = excluded.method, version = old.version + 1, is_retired = excluded.is_retired,
            retired_reason = excluded.retired_reason, retired_at = excluded.retired_at,
            updated_at = excluded.updated_at
    ), gone AS (
        DELETE FROM consensus_consensus AS old USING summed
        WHERE old.workflow_id = %(workflow)s AND old.subject_id = summed.subject_id
            AND summed.votes_yes + summed.votes_no + summed.votes_unsure = 0 AND NOT summed.is_retired
    ), numbered AS MATERIALIZED (
        SELECT id, evidence, nextval('classifications_position') AS position
        FROM unnest(%(counted)s::uuid[], %(weights)s::bigint[]) AS counted (id, evidence)
    ), weighed AS (
        UPDATE classifications_classification AS answer
        SET is_counted = true, evidence = numbered.evidence, position = numbered.position
        FROM numbered WHERE answer.id = numbered.id
    )
    UPDATE queue_queueentry AS entry SET open_slots = summed.open_slots, is_retired = summed.is_retired
    FROM summed
    WHERE entry.workflow_id = %(workflow)s AND entry.subject_id = summed.subject_id
        AND (entry.open_slots, entry.is_retired) <> (summed.open_slots, summed.is_retired)
"""


def read_rows(workflow: Workflow, entries: Sequence[QueueEntry]) -> dict[int, tuple[Consensus, int]]:
    """Return by subject its sums (an empty row if none) and the number of taken slots."""
    read = fetch(READ, [[entry.pk for entry in entries]])
    return {subject: (_row(workflow, subject, stored), taken) for subject, taken, *stored in read}


def recompute_rows(workflow: Workflow, entries: Sequence[QueueEntry]) -> dict[int, tuple[Consensus, int]]:
    """Do the same as `read_rows`, with sums recomputed from all votes with weight."""
    rows = {}
    for subject, taken, yes, no, unsure, evidence, follow_ups, *stored in fetch(ADD_UP, [[row.pk for row in entries]]):
        row = _row(workflow, subject, stored)
        row.votes_yes, row.votes_no, row.votes_unsure, row.evidence = yes, no, unsure, int(evidence)
        row.follow_ups = dict(sorted(Counter(follow_ups or ()).items()))
        rows[subject] = (row, taken)
    return rows


def write_rows(
    workflow: Workflow,
    entries: Sequence[QueueEntry],
    rows: Mapping[int, Consensus],
    counted: Sequence[Classification] = (),
) -> None:
    """Write sums, queue and newly counted answers; a subject without votes has no sum.

    The answers are in counting order, each with its `evidence`.
    """
    summed = [rows[entry.subject_id] for entry in entries]
    parameters: dict[str, Any] = {name: [getattr(row, name) for row in summed] for name in WRITTEN}
    parameters["follow_ups"] = [json.dumps(row.follow_ups) for row in summed]
    parameters["open_slots"] = [entry.open_slots for entry in entries]
    parameters["counted"] = [answer.pk for answer in counted]
    parameters["weights"] = [answer.evidence for answer in counted]
    execute(WRITE, parameters | {"workflow": workflow.pk, "method": workflow.method})


def _row(workflow: Workflow, subject: int, stored: Sequence[Any]) -> Consensus:
    row = Consensus(subject_id=subject) if stored[0] is None else ROW.build(stored)
    row.workflow = workflow
    return row
