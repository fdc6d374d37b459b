"""What a scientist sees first: what came in, what waits for a verdict, and which figures changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise

from webapp.archive.models import IngestRun, Kind, Subject, Survey
from webapp.archive.observing_nights import date_of, night_at, night_begins, start_of
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus
from webapp.core.bounded_count import MOST_COUNTED, count_some
from webapp.core.cached_figures import MINUTE, cached_figure
from webapp.learning.models import Checkpoint, Promotion, Score
from webapp.review.queue_form import NAMES, newest_night
from webapp.review.queues import QUEUES, queued
from webapp.workflows.models import Workflow

WEEK = timedelta(days=7)
WAITING = ("agreed", "disagreements", "talk", "second", "conflicts", "held")
SHARED = ("talk", "held")
"""Queues that people fill with subjects, whatever the workflow."""


@dataclass(frozen=True)
class Waiting:
    """A queue with subjects that wait for the reader; `n` is at most one more than `MOST_COUNTED`."""

    label: str | Promise
    query: str
    n: int


@dataclass(frozen=True)
class Night:
    """An observing night of a survey: the UTC date that names it, and when it began."""

    date: date
    since: datetime


@dataclass(frozen=True)
class NewestImages:
    """The newest night of a kind of subjects: the names of its workflows, and the first, whose page lists them."""

    workflow: Workflow
    names: str
    night: date


def tonight(survey: Survey) -> Night:
    """Return the survey's observing night that goes on now; by day, when the survey can't observe, the next begins."""
    begins = cached_figure(f"night-begins-{survey.pk}", partial(night_begins, survey.pk), MINUTE)
    night = night_at(timezone.now(), begins)
    return Night(date_of(night), start_of(night, begins))


def came_in(survey: Survey, since: datetime) -> dict[str, Any]:
    """Count the subjects that came in since then, by ingest runs or streams, and the votes."""
    runs = IngestRun.objects.filter(survey=survey, created_at__gte=since, dry_run=False)
    votes = Classification.objects.standing().filter(workflow__survey=survey, created_at__gte=since)
    return {
        "runs": runs.order_by("-id")[:10],
        "subjects": _subjects_since(survey, since),
        "votes": cached_figure(f"votes-since-{survey.pk}-{since:%Y%m%d%H}", votes.count),
    }


def _subjects_since(survey: Survey, since: datetime) -> int:
    """Count the observed subjects that were stored since then, at most one more than `MOST_COUNTED`.

    Times of creation have no index; the newest subjects of each kind are found by their keys.
    """
    rows = Subject.objects.observed().filter(survey=survey)
    newest = (rows.filter(kind=kind).order_by("-pk")[: MOST_COUNTED + 1] for kind in Kind.values)
    counted = sum(at >= since for some in newest for at in some.values_list("created_at", flat=True))
    return min(counted, MOST_COUNTED + 1)


def first_of_kinds(workflows: Sequence[Workflow]) -> list[Workflow]:
    """Return the first workflow of each kind of subjects, an active one if there is one."""
    by_kind: dict[str, Workflow] = {}
    for each in sorted(workflows, key=lambda workflow: not workflow.is_active):
        by_kind.setdefault(each.kind, each)
    return list(by_kind.values())


def newest_images(workflows: Sequence[Workflow]) -> list[NewestImages]:
    """Return the newest night of each kind of subjects, with the workflows that ask about them."""
    found = []
    for first in first_of_kinds(workflows):
        night = newest_night(first)
        if night is not None:
            names = ", ".join(each.name for each in workflows if each.kind == first.kind)
            found.append(NewestImages(first, names, night))
    return found


def waiting(workflow: Workflow, reader: User, *, is_first: bool = True) -> list[Waiting]:
    """Return the queues in which something waits for the reader, and what is assigned to them.

    Those that have the same subjects in each workflow of a kind only if the workflow is the first of its kind.
    """
    names, queues = dict(NAMES), [name for name in WAITING if is_first or name not in SHARED]
    found = [
        Waiting(names[name], f"workflow={workflow.slug}&queue={name}", _n(workflow, reader, name)) for name in queues
    ]
    if is_first:
        mine = queued(workflow, "all", reader=reader, state="todo", assigned="me")
        found.append(Waiting("", f"workflow={workflow.slug}&queue=all&assigned=me", count_some(mine)))
    return [each for each in found if each.n]


def _n(workflow: Workflow, reader: User, queue: str) -> int:
    rows = queued(workflow, queue, reader=reader, state=QUEUES[queue].state)
    return cached_figure(f"waiting-{workflow.pk}-{queue}-{reader.pk}", partial(count_some, rows))


def changed(workflow: Workflow, since: datetime) -> dict[str, Any]:
    """Count what was retired since then; and return the newest reanalysis."""
    retired = Consensus.objects.filter(workflow=workflow, retired_at__gte=since)
    return {
        "retired": cached_figure(f"retired-since-{workflow.pk}-{since:%Y%m%d%H}", retired.count),
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
