"""How common real subjects are, by volunteers' answers to a random sample of the queue."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import numpy as np
from django.db.models import Exists, OuterRef, Q
from numpy.typing import NDArray

from ml.crowd.answer import CLASSES
from ml.evaluation.metrics.binomial import stratified
from webapp.archive.models import Subject
from webapp.classifications.models import Classification, Reason
from webapp.consensus.models import SETTLED_BY_VOTES, VOTE_COLUMNS, Consensus
from webapp.core.cached_figures import cached_figure
from webapp.core.sql import copy_out
from webapp.learning.models import Checkpoint
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow

LEFT_ALONE = timedelta(days=7)
"""An open subject with enough votes, but none for so long, counts as it stands: perhaps everybody has seen it."""

_IS_COUNTED = Q(subject__is_synthetic=False) & (Q(subject__gold_label="") | Q(subject__gold_source="ruling"))
_DECIDED = " + ".join(f"crowd.{VOTE_COLUMNS[answer]}" for answer in CLASSES)
_IS_RULED = "subject.gold_source = 'ruling'"
_IS_SETTLED = "crowd.is_retired AND crowd.retired_reason = ANY(%(settled)s)"
_HAS_ENOUGH = f"{_DECIDED} >= CASE WHEN {_IS_SETTLED} THEN 1 ELSE %(decided)s END"

# Entries in the queue's random order, up to the last one that was served at random.
_READ = f"""
    WITH sampled AS (
        SELECT DISTINCT subject_id FROM {Classification._meta.db_table}
        WHERE workflow_id = %(workflow)s AND reason = %(random)s AND withdrawn_at IS NULL AND is_counted
    ), reached AS (
        SELECT max(entry.random_key) AS key FROM {QueueEntry._meta.db_table} AS entry JOIN sampled USING (subject_id)
        WHERE entry.workflow_id = %(workflow)s
    )
    SELECT entry.id, entry.subject_id, sampled.subject_id IS NOT NULL,
        entry.is_retired OR {_IS_RULED}
            OR coalesce({_HAS_ENOUGH} AND crowd.updated_at < now() - %(left_alone)s::interval, false),
        {_IS_RULED} OR coalesce({_HAS_ENOUGH}, false),
        CASE WHEN {_IS_RULED} THEN subject.gold_label = ANY(%(real)s) ELSE coalesce(crowd.posterior >= 0.5, false) END
    FROM reached JOIN {QueueEntry._meta.db_table} AS entry
        ON entry.workflow_id = %(workflow)s AND entry.random_key <= reached.key
    JOIN {Subject._meta.db_table} AS subject ON subject.id = entry.subject_id
    LEFT JOIN sampled ON sampled.subject_id = entry.subject_id
    LEFT JOIN {Consensus._meta.db_table} AS crowd
        ON crowd.subject_id = entry.subject_id AND crowd.workflow_id = entry.workflow_id
    WHERE NOT subject.is_synthetic AND (subject.gold_label = '' OR {_IS_RULED})
    ORDER BY entry.random_key, entry.id
"""  # noqa: S608 - the names are our own tables
_FIELDS = {
    "entry": "int8", "subject": "int8", "is_sampled": "bool", "is_closed": "bool", "is_answered": "bool",
    "is_real": "bool",
}  # fmt: skip


@dataclass(frozen=True)
class Prevalence:
    """The fraction real of the subjects in the queues, from a random sample of n with an answer; a 95 % interval."""

    n: int
    fraction: float
    low: float
    high: float


def latest_prevalence(champion: Checkpoint) -> Prevalence | None:
    """Return the prevalence as it was some seconds ago at most; longer ago in a queue that takes long to read."""
    return cached_figure(f"prevalence-{champion.pk}", partial(prevalence, champion))


def prevalence(champion: Checkpoint) -> Prevalence | None:
    """Return how common real subjects are among those that volunteers are asked about; None without a random sample.

    The queue draws at random in a fixed order that has nothing to do with their class, and votes chosen otherwise take
    the likely movers out of it before their turn comes. So the sample is not what was drawn, but the first part of
    that order (`complete_part`), whoever asked about its subjects. Left out are subjects whose class came with them or
    follows from a known orbit, synthetic ones, and those that retired without an answer; a verdict counts as one.

    Each workflow's sample counts by the size of its queue, however many of it have been asked about. A subject belongs
    to the first workflow with a sample.
    """
    strata: list[_Stratum] = []
    workflows = Workflow.objects.filter(survey=champion.survey_id, kind=champion.kind).select_related("survey")
    for workflow in workflows.order_by("pk"):
        if (sample := _sample_of(workflow)) and (stratum := _stratum(workflow, sample, strata)):
            strata.append(stratum)
    if not strata:
        return None
    hits, total = [each.real for each in strata], [each.n for each in strata]
    return Prevalence(
        sum(total), *stratified(np.array(hits), np.array(total), np.array([each.size for each in strata]))
    )


@dataclass(frozen=True)
class _Stratum:
    """The subjects of a workflow's queue that are in no earlier one's: all, sampled ones, and real ones among these."""

    workflow: int
    size: int
    n: int
    real: int


def _stratum(workflow: Workflow, sample: dict[int, bool], earlier: list[_Stratum]) -> _Stratum | None:
    elsewhere = QueueEntry.objects.filter(workflow__in=[each.workflow for each in earlier])
    entries = workflow.queue.exclude(Exists(elsewhere.filter(subject=OuterRef("subject"))))
    known = set(elsewhere.filter(subject__in=sample).values_list("subject", flat=True))
    own = [is_real for subject, is_real in sample.items() if subject not in known]
    return _Stratum(workflow.pk, entries.filter(_IS_COUNTED).count(), len(own), sum(own)) if own else None


def _sample_of(workflow: Workflow) -> dict[int, bool]:
    """Return the subjects of the workflow's random sample, and whether each is real."""
    asked = {
        "workflow": workflow.pk,
        "random": Reason.RANDOM.value,
        "settled": [str(reason) for reason in SETTLED_BY_VOTES],
        "decided": max(workflow.min_votes, 1),
        "left_alone": LEFT_ALONE,
        "real": ["yes", *workflow.survey.positive],
    }
    rows = copy_out(_READ, _FIELDS, asked)
    rows = rows[complete_part(rows["entry"], rows["is_closed"], rows["is_sampled"])]
    rows = rows[rows["is_answered"]]
    return dict(zip(rows["subject"].tolist(), rows["is_real"].tolist(), strict=True))


def complete_part(
    entries: NDArray[np.int64], is_closed: NDArray[np.bool_], is_sampled: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return which entries (N,), sorted by their random keys, are in the first part without open ones.

    The part ends in two directions: before a random key, since the draws have reached no further, and before an entry's
    number, since newer ones have come in among the smaller keys and wait. Neither has to do with the class. Of all such
    parts without an open entry it is the one with most random draws, up to the last of them.
    """
    best, newest = np.zeros(len(entries), dtype=bool), np.iinfo(np.int64).max
    places = np.arange(len(entries))
    while True:
        holes = np.flatnonzero(~is_closed & (entries < newest))
        end = holes[0] if len(holes) else len(entries)
        part = (places < end) & (entries < newest)
        if (part & is_sampled).sum() > (best & is_sampled).sum():
            best = part
        if end == len(entries):
            break
        newest = entries[end]
    return best & (places <= np.flatnonzero(best & is_sampled)[-1]) if best.any() else best
