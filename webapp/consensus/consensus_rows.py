"""Read and write consensus rows for locked queue entries, in one statement together with the queue."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.consensus.models import VOTE_COLUMNS, Consensus
from webapp.core.sql import Columns, execute, fetch
from webapp.queue.models import QueueEntry
from webapp.workflows.models import RULES, Workflow

ROW = Columns(Consensus, "summed")
VOTES = tuple(VOTE_COLUMNS.values())
WRITTEN = ("subject_id", *VOTES, "log_odds_micronats", "posterior", "is_retired", "retired_reason", "retired_at")
SUMS = (*WRITTEN[1:], "follow_ups", "p_model", "p_before", "method")

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
# A subject's class and pixels as whoever had locked its entry before has left them: the statement that waited for the
# lock has read them before.
KNOWN = Columns(Subject, "subject", "gold_label", "pixels_dropped_at")
OF_SUBJECT = "JOIN archive_subject AS subject ON subject.id = entry.subject_id"
# The rules, too: a recount under new ones has passed by entries whose votes would else follow the old ones.
NOW = Columns(Workflow, "workflow", *RULES)
OF_WORKFLOW = "JOIN workflows_workflow AS workflow ON workflow.id = entry.workflow_id"
READ = f"""
    SELECT entry.subject_id, {TAKEN}, {KNOWN.sql}, {NOW.sql}, {ROW.sql}
    FROM queue_queueentry AS entry {OF_SUBJECT} {OF_WORKFLOW} {SUMMED}
    WHERE entry.id = ANY((SELECT %s::bigint[])::bigint[])
"""  # noqa: S608  # column names of our own models

_COUNTED = ", ".join(
    f"count(*) FILTER (WHERE vote.answer = '{answer}') AS {column}" for answer, column in VOTE_COLUMNS.items()
)

# Reads every vote of the subject, instead of the previous sums.
ADD_UP = f"""
    SELECT entry.subject_id, {TAKEN}, {KNOWN.sql}, {NOW.sql}, votes.log_odds_micronats, votes.follow_ups,
        {", ".join(f"votes.{name}" for name in VOTES)}, {ROW.sql}
    FROM queue_queueentry AS entry {OF_SUBJECT} {OF_WORKFLOW} {SUMMED}
    CROSS JOIN LATERAL (
        SELECT {_COUNTED}, coalesce(sum(vote.log_odds_micronats), 0) AS log_odds_micronats,
            array_agg(vote.follow_up) FILTER (WHERE vote.follow_up <> '') AS follow_ups
        FROM classifications_classification AS vote
        WHERE vote.workflow_id = entry.workflow_id AND vote.subject_id = entry.subject_id
            AND vote.withdrawn_at IS NULL AND vote.is_counted AND vote.log_odds_micronats IS NOT NULL
    ) AS votes
    WHERE entry.id = ANY(%s)
"""  # noqa: S608  # column names of our own models

_NAMES = ", ".join(VOTES)

# What champion and predecessor say about `row`. Scores belong to a room above this one, but a row is written once.
MODELS = """
    LEFT JOIN LATERAL (
        SELECT score.p_real AS p_model, earlier.p_real AS p_before
        FROM learning_score AS score
        JOIN learning_checkpoint AS champion ON champion.id = score.checkpoint_id AND champion.is_champion
        LEFT JOIN LATERAL (
            SELECT CASE WHEN restored.id IS NULL THEN newest.previous_id ELSE restored.previous_id END AS previous_id
            FROM learning_promotion AS newest
            LEFT JOIN learning_promotion AS restored ON restored.id = newest.restores_id
            WHERE newest.checkpoint_id = champion.id ORDER BY newest.id DESC LIMIT 1
        ) AS won ON true
        LEFT JOIN learning_score AS earlier
            ON earlier.checkpoint_id = won.previous_id AND earlier.subject_id = score.subject_id
        WHERE score.subject_id = row.subject_id LIMIT 1
    ) AS model ON true
"""

# Newly counted answers get positions in the given order. Unchanged sums and queue entries are not written: a sum has
# fifteen indexes, and each answer also reads the sum of a subject whose votes do not change until the next answer.
WRITE = f"""
    WITH summed AS (
        SELECT * FROM unnest(
            (SELECT %(subject_id)s::bigint[]), {", ".join(f"%({name})s::int[]" for name in VOTES)},
            %(log_odds_micronats)s::bigint[], %(follow_ups)s::text[], %(posterior)s::float8[],
            %(is_retired)s::boolean[], %(retired_reason)s::text[], %(retired_at)s::timestamptz[],
            %(open_slots)s::smallint[]
        ) AS row (subject_id, {_NAMES}, log_odds_micronats, follow_ups, posterior, is_retired, retired_reason,
            retired_at, open_slots)
    ), stored AS (
        INSERT INTO consensus_consensus AS old (
            workflow_id, subject_id, {_NAMES}, log_odds_micronats, follow_ups, posterior, p_model, p_before, method,
            version, is_retired, retired_reason, retired_at, updated_at
        )
        SELECT %(workflow)s, subject_id, {_NAMES}, log_odds_micronats, follow_ups::jsonb, posterior, p_model, p_before,
            %(method)s, 1, is_retired, retired_reason, retired_at, now()
        FROM summed AS row {MODELS} WHERE {" + ".join(VOTES)} > 0 OR is_retired
        ON CONFLICT (workflow_id, subject_id) DO UPDATE SET
            {", ".join(f"{name} = excluded.{name}" for name in SUMS)},
            version = old.version + 1, updated_at = excluded.updated_at
        WHERE ({", ".join(f"old.{name}" for name in SUMS)})
            IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in SUMS)})
    ), gone AS (
        DELETE FROM consensus_consensus AS old USING summed
        WHERE old.workflow_id = %(workflow)s AND old.subject_id = summed.subject_id
            AND {" + ".join(f"summed.{name}" for name in VOTES)} = 0 AND NOT summed.is_retired
    ), numbered AS MATERIALIZED (
        SELECT id, log_odds_micronats, nextval('classifications_count_order') AS count_order
        FROM unnest((SELECT %(counted)s::uuid[]), %(weights)s::bigint[]) AS counted (id, log_odds_micronats)
    ), weighed AS (
        UPDATE classifications_classification AS answer
        SET is_counted = true, log_odds_micronats = numbered.log_odds_micronats, count_order = numbered.count_order
        FROM numbered WHERE answer.id = numbered.id
    )
    UPDATE queue_queueentry AS entry SET open_slots = summed.open_slots, is_retired = summed.is_retired
    FROM summed
    WHERE entry.workflow_id = %(workflow)s AND entry.subject_id = summed.subject_id
        AND (entry.open_slots, entry.is_retired) <> (summed.open_slots, summed.is_retired)
"""  # noqa: S608  # column names of our own models


# Rows that votes and verdicts have locked are left out, since these lock them in an order of their own.
REFRESH = f"""
    WITH differs AS MATERIALIZED (
        SELECT row.id, row.subject_id, model.p_model, model.p_before FROM consensus_consensus AS row {MODELS}
        WHERE row.subject_id = ANY(%s)
            AND (row.p_model, row.p_before) IS DISTINCT FROM (model.p_model, model.p_before)
    ), free AS MATERIALIZED (
        SELECT id FROM consensus_consensus WHERE id IN (SELECT id FROM differs) FOR NO KEY UPDATE SKIP LOCKED
    ), refreshed AS (
        UPDATE consensus_consensus AS row SET p_model = differs.p_model, p_before = differs.p_before
        FROM differs JOIN free USING (id) WHERE row.id = differs.id
    )
    SELECT subject_id FROM differs WHERE id NOT IN (SELECT id FROM free)
"""  # noqa: S608  # our own statement


def read_rows(workflow: Workflow, entries: Sequence[QueueEntry]) -> dict[int, tuple[Consensus, int]]:
    """Return by subject its sums (an empty row if none) and the number of taken slots.

    It reads the subjects' classes and the workflow's rules anew.
    """
    rows = {}
    subjects = {entry.subject_id: entry.subject for entry in entries}
    for subject, taken, label, dropped_at, *rest in fetch(READ, [[entry.pk for entry in entries]]):
        subjects[subject].gold_label, subjects[subject].pixels_dropped_at = label, dropped_at
        stored = _with_rules(workflow, rest)
        rows[subject] = (_row(workflow, subject, stored), taken)
    return rows


def recompute_rows(workflow: Workflow, entries: Sequence[QueueEntry]) -> dict[int, tuple[Consensus, int]]:
    """Do the same as `read_rows`, with sums recomputed from all votes with weight."""
    rows = {}
    subjects = {entry.subject_id: entry.subject for entry in entries}
    for subject, taken, label, dropped_at, *read in fetch(ADD_UP, [[entry.pk for entry in entries]]):
        subjects[subject].gold_label, subjects[subject].pixels_dropped_at = label, dropped_at
        log_odds_micronats, follow_ups, *rest = _with_rules(workflow, read)
        row = _row(workflow, subject, rest[len(VOTES) :])
        for name, votes in zip(VOTES, rest, strict=False):
            setattr(row, name, votes)
        row.log_odds_micronats = int(log_odds_micronats)
        row.follow_ups = dict(sorted(Counter(follow_ups or ()).items()))
        rows[subject] = (row, taken)
    return rows


def _with_rules(workflow: Workflow, read: Sequence[Any]) -> Sequence[Any]:
    """Give the workflow its rules, which come first among what was read; return the rest."""
    for name, value in zip(NOW.names, read, strict=False):
        setattr(workflow, name, value)
    return read[len(NOW) :]


def write_rows(
    workflow: Workflow,
    entries: Sequence[QueueEntry],
    rows: Mapping[int, Consensus],
    counted: Sequence[Classification] = (),
) -> None:
    """Write sums, queue and newly counted answers; a subject without votes has no sum.

    The answers stand in the order in which they count, each with its `log_odds_micronats`.
    """
    summed = [rows[entry.subject_id] for entry in entries]
    parameters: dict[str, Any] = {name: [getattr(row, name) for row in summed] for name in WRITTEN}
    parameters["follow_ups"] = [json.dumps(row.follow_ups) for row in summed]
    parameters["open_slots"] = [entry.open_slots for entry in entries]
    parameters["counted"] = [answer.pk for answer in counted]
    parameters["weights"] = [answer.log_odds_micronats for answer in counted]
    execute(WRITE, parameters | {"workflow": workflow.pk, "method": workflow.method})


def refresh_models(subjects: Sequence[int]) -> list[int]:
    """Copy what champion and predecessor say about some subjects into their rows, where it differs.

    Return those whose rows somebody else is writing. These may have read the scores before: try again later.
    """
    return [subject for (subject,) in fetch(REFRESH, [list(subjects)])]


def _row(workflow: Workflow, subject: int, stored: Sequence[Any]) -> Consensus:
    row = Consensus(subject_id=subject) if stored[0] is None else ROW.build(stored)
    row.workflow = workflow
    return row
