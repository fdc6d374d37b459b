"""The desk's queues: which subjects wait for a scientist, such as agreed candidates and disagreements."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet

from webapp.archive.models import CAME_WITH_A_CLASS, Subject
from webapp.archive.subject_search import tagged
from webapp.community.models import Comment
from webapp.consensus.models import (
    AGREEMENT,
    BOTH_ANSWERS,
    BOTH_SAY_YES,
    CHANGE,
    GAP,
    HAS_CHANGED,
    RANDOM_ORDER,
    UNDECIDED_SHARE,
    VOTES,
    Consensus,
)
from webapp.learning.model_roles import role_of
from webapp.learning.promotion import champion_of
from webapp.review.models import Ruling, SecondOpinion
from webapp.workflows.models import Workflow

LEAST_GAP = 0.3
"""Minimum difference between posterior and model, of 1, for a disagreement, unless the reader asks for another."""

SPLIT = 0.6
"""Volunteers are split if the most common answer has at most this share of the votes."""

UNSURE = 0.3
"""A subject is rich in unsure from this share of the votes."""


@dataclass(frozen=True)
class Queue:
    """A queue: which consensus rows it has, its first order, and whether it compares with a model."""

    wanted: Callable[[float], Q]
    sort: str
    needs_champion: bool = False


def _disagree(least_gap: float) -> Q:
    return Q(gap__gte=least_gap, votes_all__gte=1)


_OF_ROW = {"workflow": OuterRef("workflow"), "subject": OuterRef("subject"), "withdrawn_at": None}
_STANDING = Ruling.objects.filter(**_OF_ROW)
_OPINIONS = SecondOpinion.objects.filter(
    **{f"ruling__{name}": value for name, value in _OF_ROW.items()}, withdrawn_at=None
)

_TRAINING = Subject.objects.filter(CAME_WITH_A_CLASS, pk=OuterRef("subject"))
"""Training subjects are no candidates: their class is known, and a verdict on them credits nobody."""

QUEUES = {
    "agreed": Queue(
        lambda _: BOTH_SAY_YES & Q(votes_all__gte=1) & ~Q(Exists(_TRAINING)), "-posterior", needs_champion=True
    ),
    "disagreements": Queue(_disagree, "-gap", needs_champion=True),
    "split": Queue(lambda _: BOTH_ANSWERS & Q(agreement__lte=SPLIT), "agreement"),
    "changed": Queue(lambda _: HAS_CHANGED, "-change", needs_champion=True),
    "unsure": Queue(lambda _: Q(undecided_share__gte=UNSURE), "-undecided_share"),
    "talk": Queue(lambda _: Q(), "-newest_comment"),
    "second": Queue(lambda _: Q(Exists(_STANDING.filter(second_asked_at__isnull=False))), "-updated_at"),
    "conflicts": Queue(lambda _: Q(Exists(_OPINIONS.exclude(verdict=F("ruling__verdict")))), "-updated_at"),
    "held": Queue(lambda _: Q(subject__case__is_on_hold=True), "-updated_at"),
    "random": Queue(lambda _: Q(votes_all__gte=1), "audit"),
    "all": Queue(lambda _: Q(), "-posterior"),
}
STATES = ("todo", "open", "ruled", "own", "all")
WAYS = ("", "crowd-yes", "crowd-no")
ASSIGNED = ("", "me", "nobody", "somebody")
SORTS = ("gap", "posterior", "p_model", "votes", "agreement", "undecided_share", "change", "newest_comment",
         "updated_at", "audit")  # fmt: skip


def queued(
    workflow: Workflow,
    queue: str,
    *,
    reader: User | None = None,
    state: str = "all",
    way: str = "",
    least_gap: float = LEAST_GAP,
    min_votes: int = 0,
    assigned: str = "",
    tag: str = "",
) -> QuerySet[Consensus]:
    """Return the consensus of each subject in a queue, with its `subject`, in the queue's first order.

    Each row also has `gap` and `change` (0..1, or None without scores), `votes_all`, `agreement` and `undecided_share`.
    A queue that needs a champion has no rows without one.

    Parameters
    ----------
    queue
        One of `QUEUES`.
    reader
        The scientist for "todo", "own" and "me".
    state
        "todo": the reader has given no verdict, whatever colleagues have; "open": nobody has; "ruled": somebody has;
        "own": the reader has; "all".
    way
        "crowd-yes": volunteers say yes more than the model; "crowd-no": less; "": either.
    least_gap
        Minimum difference of posterior and model for a disagreement.
    min_votes
        Only subjects with at least so many votes.
    assigned
        "me", "nobody", "somebody", or "" for all.
    tag
        Only subjects with this tag, of scientists or of volunteers.

    Raises
    ------
    ValueError
        For an unknown queue, state, way or assignment.
    """
    for name, value, known in (
        ("queue", queue, tuple(QUEUES)), ("state", state, STATES), ("way", way, WAYS),
        ("assignment", assigned, ASSIGNED),
    ):  # fmt: skip
        if value not in known:
            raise ValueError(f"The {name} {value!r} is none of {', '.join(filter(None, known))}.")
    asked = QUEUES[queue]
    if asked.needs_champion and champion_of(workflow.survey, role_of(workflow)) is None:
        return Consensus.objects.none()
    rows: Any = _annotated(workflow, queue).filter(asked.wanted(least_gap))
    if min_votes:
        rows = rows.filter(votes_all__gte=min_votes)
    if way:
        rows = (
            rows.filter(posterior__gt=F("p_model")) if way == "crowd-yes" else rows.filter(posterior__lt=F("p_model"))
        )
    if tag:
        rows = rows.filter(tagged(tag, "subject"))
    rows = _of_state(_assigned(rows, assigned, reader), state, reader)
    return rows.select_related("subject").order_by(column_of(asked.sort), "pk")


def _annotated(workflow: Workflow, queue: str) -> QuerySet[Consensus]:
    """Return the workflow's rows with what the queue compares."""
    synthetic = Subject.objects.filter(survey=workflow.survey_id, is_synthetic=True)  # few: no join for every row
    rows = Consensus.objects.filter(~Q(subject__in=synthetic.values("pk")), workflow=workflow).annotate(
        gap=GAP, change=CHANGE, votes_all=VOTES, agreement=AGREEMENT, undecided_share=UNDECIDED_SHARE,
        audit=RANDOM_ORDER,
    )  # fmt: skip
    if queue == "talk":
        standing = FilteredRelation("subject__comments", condition=Q(subject__comments__removed_at=None))
        rows = rows.annotate(comment=standing, newest_comment=F("comment__pk"))
        newer = Comment.objects.standing().filter(subject=OuterRef("subject"), pk__gt=OuterRef("newest_comment"))
        rows = rows.filter(~Exists(newer), newest_comment__isnull=False)
    return rows


def _assigned(rows: QuerySet[Consensus], assigned: str, reader: User | None) -> QuerySet[Consensus]:
    if assigned == "me":
        return rows.filter(subject__case__assignee=reader)
    return rows.filter(subject__case__assignee__isnull=assigned == "nobody") if assigned else rows


def _of_state(rows: QuerySet[Consensus], state: str, reader: User | None) -> QuerySet[Consensus]:
    """Filter by verdicts with subqueries: joins would make the planner expect one row, and read the whole archive."""
    if state == "all":
        return rows
    if state in ("open", "ruled"):
        return rows.filter(Exists(_STANDING) if state == "ruled" else ~Exists(_STANDING))
    own = Exists(_STANDING.filter(scientist=reader)) | Exists(_OPINIONS.filter(scientist=reader))
    return rows.filter(own) if state == "own" else rows.exclude(own)


def column_of(sort: str) -> str:
    """Return the column that one of `SORTS` orders by, with its minus, if any."""
    column = {"votes": "votes_all"}.get(sort.removeprefix("-"), sort.removeprefix("-"))
    return ("-" if sort.startswith("-") else "") + column
