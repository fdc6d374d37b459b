"""Active learning: write the priorities of acquisition into the queue (`ml.acquisition` says which come first).

A subject that has no score yet counts as wholly uncertain. Random sampling is not done here: the queue serves a
fraction of the subjects at random, at the moment of the request, so that this fraction holds for any priorities.
"""

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from ml.acquisition.choose import priorities
from ml.acquisition.pool import Pool
from ml.acquisition.rules import Plan, Rule
from webapp.classifications.models import Reason
from webapp.learning.acquisition_pool import pool_of, read_queue
from webapp.learning.drift import watch_drift
from webapp.learning.label_snapshot import MissingFile
from webapp.learning.models import Checkpoint, ScoringRun
from webapp.learning.retention import prune
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Acquisition, Workflow

BATCH = 10_000
"""Entries per transaction. The queue skips locked ones, so locking all at once would make it look empty."""
HEAD = 500
"""Entries that are chosen as one batch and lead the queue; about what is answered before the next scoring."""

# Entries are locked in key order, as in all writes to the queue. A former champion writes nothing.
_WRITE = f"""
UPDATE {QueueEntry._meta.db_table} AS entry
SET priority = queued.value, reason = queued.why
FROM (
    SELECT held.id, worth.value, worth.why
    FROM unnest(%(entries)s::bigint[], %(values)s::float8[], %(reasons)s::text[]) AS worth (id, value, why)
    JOIN {QueueEntry._meta.db_table} AS held USING (id)
    WHERE NOT held.is_retired AND NOT held.is_gold
        AND (held.priority, held.reason) IS DISTINCT FROM (worth.value, worth.why)
        AND (SELECT is_champion FROM {Checkpoint._meta.db_table} WHERE id = %(checkpoint)s)
    ORDER BY held.id FOR NO KEY UPDATE OF held
) AS queued
WHERE entry.id = queued.id
"""  # noqa: S608 - the names are our own tables


@dataclass(frozen=True)
class Written:
    """How many entries changed, and whether features were missing, so that the plan was followed without clusters."""

    changed: int
    lacks_features: bool


def workflows_guided_by(checkpoint: Checkpoint) -> list[Workflow]:
    """Return the active workflows whose queue uses the checkpoint's scores."""
    return list(
        Workflow.objects.filter(
            survey=checkpoint.survey_id, kind=checkpoint.kind, is_active=True, random_fraction__lt=1
        ).order_by("pk")
    )


def write_priorities(workflow: Workflow, checkpoint: Checkpoint) -> Written:
    """Order the workflow's open entries by the expected value of a vote.

    It works in complete batches; a repeated run changes only what differs.
    """
    plan, rng = plan_of(workflow), _chance(checkpoint)
    rows = read_queue(workflow, checkpoint, plan)
    pool = pool_of(rows, workflow, checkpoint, plan, rng)
    plan = _feasible(plan, pool)
    found = priorities(pool, plan, HEAD, rng)
    reasons = _reasons(found.rules, found.is_spread, np.isnan(pool.p_real))
    differ = (rows["priority"] != found.values) | (np.array(Reason.values)[rows["reason"] - 1] != reasons)
    changed = 0
    for part in np.split(np.flatnonzero(differ), range(BATCH, int(differ.sum()), BATCH)):
        changed += _write_batch(checkpoint, rows["entry"][part], found.values[part], reasons[part])
    return Written(changed, plan.diverse and bool(np.isfinite(pool.p_real).any()) and not found.is_spread.any())


def _chance(checkpoint: Checkpoint) -> np.random.Generator:
    """Return random numbers that depend on the model's seed and number of labels alone.

    The hash of the labels won't do: it covers keys of the database, which depend on what else was taken in meanwhile.
    """
    trained_on = checkpoint.run.training_set
    return np.random.default_rng([checkpoint.run.seed, trained_on.size if trained_on else 0])


def _reasons(rules: NDArray[np.object_], is_spread: NDArray[np.bool_], is_new: NDArray[np.bool_]) -> NDArray[np.str_]:
    reasons = np.full(len(rules), Reason.NEW.value, dtype="U10")
    for rule in set(rules):
        for spread in (False, True):
            rows = (rules == rule) & (is_spread == spread) & ~is_new
            reasons[rows] = reason_of(Rule(rule), is_spread=spread).value
    return reasons


@transaction.atomic
def _write_batch(
    checkpoint: Checkpoint, entries: NDArray[np.int64], values: NDArray[np.float64], reasons: NDArray[np.str_]
) -> int:
    parameters = {"entries": entries.tolist(), "values": values.tolist(), "reasons": reasons.tolist()}
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, {**parameters, "checkpoint": checkpoint.pk})
        return int(cursor.rowcount)


def _ordered_by(run: ScoringRun) -> list[Workflow]:
    """Return the workflows whose queue the run orders: no experiment if it only follows votes, without shards."""
    guided = workflows_guided_by(run.checkpoint)
    return guided if run.shards.exists() else [workflow for workflow in guided if not workflow.is_experiment]


def update_priorities(run: ScoringRun) -> None:
    """Finish a run: of a champion, write the priorities and watch its new scores for drift; delete old scores."""
    changed, notes = 0, ""
    if run.checkpoint.is_champion:
        for workflow in _ordered_by(run):
            written = write_priorities(workflow, run.checkpoint)
            changed += written.changed
            if written.lacks_features:
                notes = " The model stores no features, so its subjects are ordered without them."
            run.renew(done=changed)
        if run.shards.exists():
            notes += _watch_drift(run.checkpoint)
    prune(run.checkpoint)
    run.end(f"{changed} priorities changed.{notes}")


def _watch_drift(champion: Checkpoint) -> str:
    """Watch the new scores for drift; return a note where the file of the champion's labels is missing."""
    try:
        watch_drift(champion)
    except MissingFile as missing:
        return f" Drift was not computed. {missing}"
    return ""


_MAIN = {
    Acquisition.DIVERSE: (Rule.ENTROPY, True),
    Acquisition.UNCERTAIN: (Rule.ENTROPY, False),
    Acquisition.MARGIN: (Rule.MARGIN, True),
    Acquisition.VOTE: (Rule.INFORMATION, True),
    Acquisition.ERRORS: (Rule.ERRORS, True),
    Acquisition.NIGHTLY: (Rule.ENTROPY, True),
    Acquisition.DISAGREEMENT: (Rule.BALD, True),
}
_REASONS = {
    Rule.ENTROPY: Reason.UNCERTAIN, Rule.MARGIN: Reason.UNCERTAIN, Rule.INFORMATION: Reason.VOTE,
    Rule.ERRORS: Reason.VOTE, Rule.BALD: Reason.DISAGREED, Rule.POSITIVE: Reason.POSITIVE, Rule.RARE: Reason.RARE,
}  # fmt: skip


def plan_of(workflow: Workflow) -> Plan:
    """Return the plan that orders a workflow's queue, without its random fraction, which the queue draws itself."""
    rule, diverse = _MAIN[Acquisition(workflow.acquisition)]
    plan = Plan({rule: 1.0}, diverse, nightly=workflow.acquisition == Acquisition.NIGHTLY)
    return plan.mixed_with(Rule.POSITIVE, workflow.positive_fraction).mixed_with(Rule.RARE, workflow.rare_fraction)


def _feasible(plan: Plan, pool: Pool) -> Plan:
    """Let entropy stand in for rules that lack an ensemble or class probabilities, as with detectors."""
    lacking = {rule for rule, known in ((Rule.BALD, pool.members), (Rule.RARE, pool.probabilities)) if known is None}
    weights: dict[Rule, float] = defaultdict(float)
    for rule, weight in plan.weights.items():
        weights[Rule.ENTROPY if rule in lacking else rule] += weight
    return replace(plan, weights=dict(weights))


def reason_of(rule: Rule, *, is_spread: bool) -> Reason:
    """Return why a volunteer gets a scored subject: by which rule, and whether to be unlike the others."""
    reason = _REASONS[rule]
    return Reason.DIVERSE if is_spread and reason == Reason.UNCERTAIN else reason
