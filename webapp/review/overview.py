"""What a scientist sees first: what came in, what waits for a verdict, and which figures changed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise

from webapp.archive.models import IngestRun, Kind, Subject, Survey
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus
from webapp.core.bounded_count import MOST_COUNTED, count_some
from webapp.core.cached_figures import cached_figure
from webapp.learning.models import Checkpoint, Promotion, Score
from webapp.review.queue_form import NAMES
from webapp.review.queues import queued
from webapp.workflows.models import Workflow

TONIGHT = timedelta(hours=24)
WEEK = timedelta(days=7)
WAITING = ("agreed", "disagreements", "talk", "second", "conflicts", "held")


@dataclass(frozen=True)
class Waiting:
    """A queue with subjects without the reader's verdict; `n` is at most one more than `MOST_COUNTED`."""

    label: str | Promise
    query: str
    n: int


def came_in(survey: Survey) -> dict[str, Any]:
    """Count the subjects that came in within the last 24 hours, by ingest runs or streams, and the votes."""
    since = timezone.now() - TONIGHT
    runs = IngestRun.objects.filter(survey=survey, created_at__gte=since, dry_run=False)
    votes = Classification.objects.standing().filter(workflow__survey=survey, created_at__gte=since)
    return {
        "runs": runs.order_by("-id")[:10],
        "subjects": _subjects_since(survey, since),
        "since": since,
        "votes": cached_figure(f"votes-tonight-{survey.pk}", votes.count),
    }


def _subjects_since(survey: Survey, since: datetime) -> int:
    """Count the observed subjects that were stored since then, at most one more than `MOST_COUNTED`.

    Times of creation have no index; the newest subjects of each kind are found by their keys.
    """
    rows = Subject.objects.observed().filter(survey=survey)
    newest = (rows.filter(kind=kind).order_by("-pk")[: MOST_COUNTED + 1] for kind in Kind.values)
    counted = sum(at >= since for some in newest for at in some.values_list("created_at", flat=True))
    return min(counted, MOST_COUNTED + 1)


def waiting(workflow: Workflow, reader: User) -> list[Waiting]:
    """Return the queues in which something waits for the reader, and what is assigned to them."""
    names = dict(NAMES)
    found = [
        Waiting(names[name], f"workflow={workflow.slug}&queue={name}", _n(workflow, reader, name)) for name in WAITING
    ]
    mine = queued(workflow, "all", reader=reader, state="todo", assigned="me")
    assigned = Waiting("", f"workflow={workflow.slug}&queue=all&assigned=me", count_some(mine))
    return [each for each in [*found, assigned] if each.n]


def _n(workflow: Workflow, reader: User, queue: str) -> int:
    rows = queued(workflow, queue, reader=reader, state="todo")
    return cached_figure(f"waiting-{workflow.pk}-{queue}-{reader.pk}", partial(count_some, rows))


def changed(workflow: Workflow) -> dict[str, Any]:
    """Count what the last 24 hours retired, and for whose sake."""
    since = timezone.now() - TONIGHT
    retired = Consensus.objects.filter(workflow=workflow, retired_at__gte=since)
    return {
        "retired": cached_figure(f"retired-tonight-{workflow.pk}", retired.count),
        "aggregation": workflow.aggregations.filter(version__isnull=False).order_by("-version").first(),
    }


def promotions(survey: Survey) -> QuerySet[Promotion]:
    """Return the week's promotions and rollbacks."""
    since = timezone.now() - WEEK
    return Promotion.objects.filter(checkpoint__survey=survey, created_at__gte=since).select_related("checkpoint")


def stale_scores(survey: Survey) -> list[tuple[Checkpoint, int]]:
    """Return the champions that have not scored all subjects of their kind with pixels, and how many they lack."""
    champions = Checkpoint.objects.filter(survey=survey, is_champion=True)
    counted = [(each, cached_figure(f"unscored-{each.pk}", partial(_unscored, each))) for each in champions]
    return [(champion, n) for champion, n in counted if n]


def _unscored(champion: Checkpoint) -> int:
    subjects = Subject.objects.with_pixels().filter(survey=champion.survey_id, kind=champion.kind)
    scored = Score.objects.filter(checkpoint=champion, subject=OuterRef("pk"))
    return count_some(subjects.filter(~Q(Exists(scored))), 10 * MOST_COUNTED)
