"""Throughput of a workflow: votes, volunteers and retirements over time, and the input of the forecast."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
from django.db.models import Count, Min, QuerySet
from django.utils import timezone
from numpy.typing import NDArray

from webapp.classifications.models import Classification, Reason
from webapp.consensus.models import VOTES, Consensus, RetiredReason
from webapp.core.cached_figures import MINUTE, cached_figure
from webapp.core.sql import fetch
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow

# Nested sums: counting distinct people directly would sort every answer. Covered by the index `counted_over_time`.
ANSWERS = """
    SELECT start, sum(votes), sum(training), count(*)
    FROM (
        SELECT date_bin(%(length)s, created_at, %(since)s) AS start,
            count(*) FILTER (WHERE reason <> %(training)s) AS votes,
            count(*) FILTER (WHERE reason = %(training)s) AS training
        FROM classifications_classification
        WHERE workflow_id = %(workflow)s AND created_at >= %(since)s AND withdrawn_at IS NULL AND is_counted
        GROUP BY start, volunteer_id
    ) AS person
    GROUP BY start
"""
RETIRED = """
    SELECT date_bin(%(length)s, retired_at, %(since)s) AS start, count(*)
    FROM consensus_consensus
    WHERE workflow_id = %(workflow)s AND is_retired AND retired_at >= %(since)s
    GROUP BY start
"""
LENGTH = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
SHOWN = {"hour": 48, "day": 30, "week": 26}
WINDOWS = (7, 28)


@dataclass
class Step:
    """One hour, day or week starting at `start`, UTC."""

    start: datetime
    votes: int = 0
    training: int = 0
    people: int = 0
    retired: int = 0


@dataclass(frozen=True)
class Counts:
    """Subjects (most + 1,) of a workflow by their number of votes, without gold."""

    retired: NDArray[np.int64]
    open: NDArray[np.int64]
    taken_away: NDArray[np.int64]


def steps(workflow: Workflow, step: str, now: datetime | None = None) -> list[Step]:
    """Return the last hours, days or weeks, the newest (incomplete) one last, including empty ones."""
    newest = _start(now or timezone.now(), step)
    starts = [newest - n * LENGTH[step] for n in reversed(range(SHOWN[step]))]
    by_start = {start: Step(start) for start in starts}
    asked = {"length": LENGTH[step], "since": starts[0], "workflow": workflow.pk}
    for start, *numbers in fetch(ANSWERS, asked | {"training": Reason.TRAINING.value}):
        if start in by_start:  # an answer of the next step may come in meanwhile
            by_start[start].votes, by_start[start].training, by_start[start].people = map(int, numbers)
    for start, n in fetch(RETIRED, asked):
        if start in by_start:
            by_start[start].retired = n
    return list(by_start.values())


def recent_steps(workflow: Workflow, step: str) -> list[Step]:
    """Return cached `steps`: counting half a year of answers takes a while."""
    key = f"throughput-{workflow.pk}-{step}-{_start(timezone.now(), step):%Y%m%d%H}"
    return cached_figure(key, partial(steps, workflow, step), 2 * MINUTE)


def open_subjects(workflow: Workflow) -> int:
    """Return the number of open subjects."""
    return QueueEntry.objects.filter(workflow=workflow, is_retired=False, is_gold=False).count()


def counts(workflow: Workflow, n_open: int) -> Counts:
    """Count subjects by votes: those retired by votes, the `n_open` open ones, and those retired by a person."""
    rows = Consensus.objects.filter(workflow=workflow)
    gold = QueueEntry.objects.filter(workflow=workflow, is_gold=True).values("subject")
    votes = [(1, *row) for row in _by_votes(rows)] + [(-1, *row) for row in _by_votes(rows.filter(subject__in=gold))]
    most = max([workflow.max_votes, *(n for _, _, _, n, _ in votes)])
    retired, still_open, away = (np.zeros(most + 1, dtype=np.int64) for _ in range(3))
    for sign, is_retired, reason, n, many in votes:
        by_hand = reason == RetiredReason.HUMAN
        kind = (away if by_hand else retired) if is_retired else still_open
        kind[n] += sign * many
    still_open[0] = max(0, n_open - int(still_open[1:].sum()))  # most of these have no row yet
    return Counts(retired, still_open, away)


def votes_by_day(workflow: Workflow, days: Sequence[Step], window: int) -> NDArray[np.int64]:
    """Return the votes on open questions in the last `window` whole days, newest last.

    The last of `days` is today, which is incomplete. The day of the workflow's first vote and those before it are
    excluded, so that a young workflow does not look slow.
    """
    first = Classification.objects.counted().filter(workflow=workflow).aggregate(first=Min("created_at"))["first"]
    whole = [day.votes for day in days[:-1] if first is not None and day.start > first]
    return np.array(whole[-window:], dtype=np.int64)


def _by_votes(rows: QuerySet[Consensus]) -> Iterable[tuple[bool, str, int, int]]:
    counted = rows.values("is_retired", "retired_reason", votes=VOTES).annotate(n=Count("*")).order_by()
    return counted.values_list("is_retired", "retired_reason", "votes", "n")


def _start(moment: datetime, step: str) -> datetime:
    """Return the start of a time's step; weeks begin on Monday."""
    hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if step == "hour":
        return hour
    day = hour.replace(hour=0)
    return day if step == "day" else day - timedelta(days=day.weekday())
