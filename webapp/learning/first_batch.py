"""The first batch: until there is a champion, a few hundred typical subjects lead the queue, no two of one object.

A worker computes features of a random sample with the frozen backbone, which the first training run and scoring read
again (`tasks.learning.first_batch`); `ml.acquisition` chooses. Only entries that nothing has ordered yet are moved, to
above the priority of unknown subjects, so subjects that arrive later queue behind the batch.
"""

import numpy as np
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from numpy.typing import NDArray

from ml.acquisition.choose import choose
from ml.acquisition.pool import Pool
from ml.acquisition.rules import Plan, Rule
from webapp.archive.models import IngestRun, Subject, Survey
from webapp.classifications.models import Reason
from webapp.consensus.models import VOTE_COLUMNS, Consensus
from webapp.core.sql import fetch
from webapp.learning.messages import FIRST_BATCH, HAS_CHAMPION, NOTHING_TO_CHOOSE
from webapp.learning.model_roles import role_of
from webapp.learning.models import Checkpoint, FirstBatch, ModelRole, TrainingRun
from webapp.learning.promotion import lock_champion
from webapp.queue.models import UNKNOWN, QueueEntry
from webapp.workflows.models import Workflow

SAMPLE = 5_000
"""Subjects of which features are computed, at most."""
BATCH = 300
SMALLEST_PART = 2
"""A batch is at most one in so many of the sample, so that those of a small survey are typical too."""
GROWTH = 2
"""A workflow gets another batch when its queue has become so many times as long."""
FIRST = 2 * UNKNOWN
"""The batch has priorities from here down to that of unknown subjects."""

ROLES = [role for role in ModelRole if not role.is_detector]
"""Detectors have no features of a subject as a whole."""


def workflows_without_champion() -> list[Workflow]:
    """Return the active workflows that follow priorities, but have no champion, and no model in training."""
    of_role = {"survey": OuterRef("survey"), "role": OuterRef("kind")}  # these roles are called like their kinds
    champions = Checkpoint.objects.filter(**of_role, is_champion=True)
    training = TrainingRun.objects.open().filter(**of_role)
    workflows = Workflow.objects.filter(kind__in=[role.kind for role in ROLES], is_active=True, is_training=False)
    return list(workflows.filter(~Exists(champions), ~Exists(training), random_fraction__lt=1).order_by("pk"))


def start_first_batches() -> list[FirstBatch]:
    """Start choosing a first batch wherever one is wanted; repeated, it starts nothing twice."""
    return [batch for workflow in workflows_without_champion() if (batch := _start(workflow))]


@transaction.atomic
def _start(workflow: Workflow) -> FirstBatch | None:
    """Start, unless an ingest is running, nothing is unordered, or the queue has not grown enough since the last."""
    Workflow.objects.select_for_update(no_key=True).get(pk=workflow.pk)
    if IngestRun.objects.open().filter(survey=workflow.survey_id).exists():
        return None
    if workflow.first_batches.open().exists() or not _unordered(workflow).exists():
        return None
    last, pool = workflow.first_batches.first(), workflow.queue.count()
    if last is not None and pool < GROWTH * last.pool:
        return None
    batch = FirstBatch.objects.create(workflow=workflow, pool=pool)
    batch.enqueue()
    return batch


def _unordered(workflow: Workflow) -> QuerySet[QueueEntry]:
    """Return the open entries whose place in the queue neither a model nor anything else has set."""
    return workflow.queue.filter(is_gold=False, is_retired=False, open_slots__gt=0, priority=UNKNOWN, reason=Reason.NEW)


def sample_of(workflow: Workflow) -> NDArray[np.void]:
    """Return a random sample of unordered entries with pixels, whose objects nobody has been asked about.

    Fields: entry, group, array and index; sorted by array and index. It comes from the far end of the shuffled order,
    since the queue's own random draws begin at the near one.
    """
    entries = _unordered(workflow).filter(subject__pixels_dropped_at=None).order_by("-random_key")
    names = ("pk", "subject__object_group", "subject__zarr_array", "subject__zarr_index")
    rows = list(entries.values_list(*names)[:SAMPLE])
    asked = _asked_about(workflow, [group for _, group, *_ in rows])
    fresh = sorted((row for row in rows if row[1] not in asked), key=lambda row: row[2:])
    return np.array(fresh, dtype=[("entry", np.int64), ("group", object), ("array", object), ("index", np.int64)])


def _asked_about(workflow: Workflow, groups: list[str]) -> set[str]:
    """Return which of the object groups have a subject with votes, or one of an earlier batch, in the workflow."""
    parameters = {"workflow": workflow.pk, "survey": workflow.survey_id, "groups": groups, "reason": Reason.TYPICAL}
    return {group for (group,) in fetch(_ASKED_ABOUT, parameters)}


_ASKED_ABOUT = f"""
    SELECT DISTINCT subject.object_group FROM {Subject._meta.db_table} AS subject
    JOIN {QueueEntry._meta.db_table} AS entry ON entry.subject_id = subject.id AND entry.workflow_id = %(workflow)s
    LEFT JOIN {Consensus._meta.db_table} AS crowd
        ON crowd.subject_id = subject.id AND crowd.workflow_id = %(workflow)s
    WHERE subject.survey_id = %(survey)s AND subject.object_group = ANY(%(groups)s::text[])
        AND (entry.reason = %(reason)s OR {" + ".join(f"crowd.{column}" for column in VOTE_COLUMNS.values())} > 0)
"""  # noqa: S608 - the names are our own tables


def typical_of(sample: NDArray[np.void], features: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the entries of the batch, the first to ask first.

    Parameters
    ----------
    sample
        (n,) as `sample_of` returns it.
    features
        (n, D); a row that is not finite, such as that of a blank picture, is not chosen.
    """
    usable = np.flatnonzero(np.isfinite(features).all(axis=1))
    sample, features, unknown = sample[usable], features[usable], np.full(len(usable), np.nan)
    pool = Pool(
        unknown, unknown, features=lambda rows: features[rows], groups=lambda rows: sample["group"][rows].astype(str)
    )
    most = min(BATCH, -(-len(pool) // SMALLEST_PART))
    entries: NDArray[np.int64] = sample["entry"][choose(pool, Plan({Rule.TYPICAL: 1.0}), most, rng).rows]
    return entries


# Entries are locked in key order, as in all writes to the queue.
_WRITE = f"""
UPDATE {QueueEntry._meta.db_table} AS entry
SET priority = queued.value, reason = %(reason)s
FROM (
    SELECT held.id, chosen.value
    FROM unnest(%(entries)s::bigint[], %(values)s::float8[]) AS chosen (id, value)
    JOIN {QueueEntry._meta.db_table} AS held USING (id)
    WHERE NOT held.is_retired AND NOT held.is_gold AND held.priority = %(unknown)s AND held.reason = %(new)s
    ORDER BY held.id FOR NO KEY UPDATE OF held
) AS queued
WHERE entry.id = queued.id
"""  # noqa: S608 - the names are our own tables


@transaction.atomic
def finish(batch: FirstBatch, entries: NDArray[np.int64], sample: int) -> None:
    """Put the entries before all others, and end the job; if a model became champion meanwhile, the order is its own.

    Raises LeaseLost, and writes nothing, if the job belongs to another worker.
    """
    workflow, message = batch.workflow, NOTHING_TO_CHOOSE()
    if lock_champion(workflow.survey_id, role_of(workflow)):
        message = HAS_CHAMPION()
    elif len(entries):
        message = FIRST_BATCH(chosen=f"{_write(entries):,}", sample=f"{sample:,}")
    batch.finish(done=sample, message=message)


def _write(entries: NDArray[np.int64]) -> int:
    values = np.linspace(FIRST, UNKNOWN, len(entries) + 2)[1:-1]
    asked = {"entries": entries.tolist(), "values": values.tolist(), "reason": Reason.TYPICAL.value}
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, {**asked, "unknown": UNKNOWN, "new": Reason.NEW.value})
        return int(cursor.rowcount)


def newest_batches(survey: Survey, role: ModelRole) -> list[FirstBatch]:
    """Return the newest batch of each of the survey's workflows that the role serves, if it has one."""
    batches = FirstBatch.objects.filter(workflow__survey=survey, workflow__kind=role.kind)
    return list(batches.order_by("workflow_id", "-id").distinct("workflow_id").select_related("workflow"))
