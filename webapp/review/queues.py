"""The desk's queues: which subjects wait for a scientist, such as agreed candidates and disagreements."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import BigIntegerField, Exists, F, FilteredRelation, Func, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Abs

from webapp.archive.subject_search import tagged
from webapp.community.models import Comment
from webapp.consensus.models import AGREEMENT, UNDECIDED_SHARE, VOTES, Consensus
from webapp.learning.model_roles import role_of
from webapp.learning.models import Checkpoint
from webapp.learning.promotion import champion_of, previous_champion
from webapp.review.models import SecondOpinion
from webapp.workflows.models import Workflow

LEAST_GAP = 0.3
"""Minimum difference between posterior and model, of 1, for a disagreement, unless the reader asks for another."""

SPLIT = 0.6
"""Volunteers are split if the most common answer has at most this share of the votes."""

UNSURE = 0.3
"""A subject is rich in unsure from this share of the votes."""


@dataclass(frozen=True)
class Queue:
    """A queue: which consensus rows it has, its first order, and what it needs beside the votes."""

    wanted: Callable[[float], Q]
    sort: str
    needs_champion: bool = False
    needs_previous: bool = False


def _disagree(least_gap: float) -> Q:
    return Q(gap__gte=least_gap, votes_all__gte=1)


_BOTH = Q(votes_yes__gte=1, votes_no__gte=1)
_COMMENTED = Comment.objects.standing().values("subject")
_NOW_YES = Q(p_real__gte=0.5, p_before__lt=0.5)
_NOW_NO = Q(p_real__lt=0.5, p_before__gte=0.5)

QUEUES = {
    "agreed": Queue(lambda _: Q(posterior__gte=0.5, p_real__gte=0.5, votes_all__gte=1), "-posterior", True),
    "disagreements": Queue(_disagree, "-gap", True),
    "split": Queue(lambda _: _BOTH & Q(agreement__lte=SPLIT), "agreement"),
    "changed": Queue(lambda _: _NOW_YES | _NOW_NO, "-change", True, True),
    "unsure": Queue(lambda _: Q(undecided_share__gte=UNSURE), "-undecided_share"),
    "talk": Queue(lambda _: Q(subject__in=_COMMENTED), "-commented_at"),
    "second": Queue(lambda _: Q(ruling__second_asked_at__isnull=False), "-updated_at"),
    "conflicts": Queue(lambda _: Q(is_conflict=True), "-updated_at"),
    "held": Queue(lambda _: Q(subject__case__is_on_hold=True), "-updated_at"),
    "random": Queue(lambda _: Q(votes_all__gte=1), "audit"),
    "all": Queue(lambda _: Q(), "-posterior"),
}
STATES = ("todo", "open", "ruled", "own", "all")
WAYS = ("", "crowd-yes", "crowd-no")
ASSIGNED = ("", "me", "nobody", "somebody")
SORTS = ("gap", "posterior", "p_real", "votes", "agreement", "undecided_share", "change", "commented_at",
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

    Each row also has `p_real` (the champion's, or None), `gap` (0..1), `votes_all`, `agreement`, `undecided_share`, and
    `ruling_id` and `verdict` if a scientist has ruled. A queue that needs a champion has no rows without one.

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
    rows = _annotated(workflow, asked, queue)
    if rows is None:
        return Consensus.objects.none()
    rows = rows.filter(asked.wanted(least_gap) & Q(votes_all__gte=min_votes))
    if way:
        rows = rows.filter(posterior__gt=F("p_real")) if way == "crowd-yes" else rows.filter(posterior__lt=F("p_real"))
    if tag:
        rows = rows.filter(tagged(tag, "subject"))
    rows = _of_state(_assigned(rows, assigned, reader), state, reader)
    return rows.select_related("subject").order_by(column_of(asked.sort), "pk")


def _annotated(workflow: Workflow, queue: Queue, name: str) -> QuerySet[Consensus] | None:
    """Return the workflow's rows with what the queue compares; None if it needs a model that is not there."""
    champion = champion_of(workflow.survey, role_of(workflow))
    before = previous_champion(champion) if queue.needs_previous else None
    if (queue.needs_champion and champion is None) or (queue.needs_previous and before is None):
        return None
    ruled = Q(subject__rulings__workflow=workflow, subject__rulings__withdrawn_at=None)
    rows = Consensus.objects.filter(workflow=workflow, subject__is_synthetic=False).annotate(
        score=FilteredRelation("subject__scores", condition=Q(subject__scores__checkpoint=champion)),
        ruling=FilteredRelation("subject__rulings", condition=ruled),
        p_real=F("score__p_real"),
        gap=Abs(F("posterior") - F("score__p_real")),
        votes_all=VOTES,
        agreement=AGREEMENT,
        undecided_share=UNDECIDED_SHARE,
        ruling_id=F("ruling__pk"),
        verdict=F("ruling__verdict"),
    )
    return _of_queue(rows, name, before)


def _of_queue(rows: QuerySet[Consensus], name: str, before: Checkpoint | None) -> QuerySet[Consensus]:
    """Add what only one queue compares."""
    if name == "changed":
        of_previous = Q(subject__scores__checkpoint=before)
        rows = rows.annotate(
            earlier=FilteredRelation("subject__scores", condition=of_previous),
            p_before=F("earlier__p_real"),
            change=Abs(F("score__p_real") - F("earlier__p_real")),
        )
    elif name == "talk":
        newest = Comment.objects.standing().filter(subject=OuterRef("subject")).order_by("-pk")
        rows = rows.annotate(commented_at=Subquery(newest.values("created_at")[:1]))
    elif name == "conflicts":
        other = SecondOpinion.objects.filter(ruling=OuterRef("ruling_id"), withdrawn_at=None)
        rows = rows.annotate(is_conflict=Exists(other.exclude(verdict=OuterRef("verdict"))))
    elif name == "random":  # the same sample for everybody, without regard for votes and scores
        hashed = Func(F("subject_id"), Value(0), function="hashint8extended", output_field=BigIntegerField())
        rows = rows.annotate(audit=hashed)
    return rows


def _assigned(rows: QuerySet[Consensus], assigned: str, reader: User | None) -> QuerySet[Consensus]:
    if assigned == "me":
        return rows.filter(subject__case__assignee=reader)
    return rows.filter(subject__case__assignee__isnull=assigned == "nobody") if assigned else rows


def _of_state(rows: QuerySet[Consensus], state: str, reader: User | None) -> QuerySet[Consensus]:
    if state == "all":
        return rows
    if state in ("open", "ruled"):
        return rows.filter(Q(ruling__isnull=state == "open"))
    opinions = SecondOpinion.objects.filter(ruling=OuterRef("ruling_id"), scientist=reader, withdrawn_at=None)
    own = Q(ruling__scientist=reader) | Q(Exists(opinions))
    return rows.filter(own) if state == "own" else rows.filter(Q(ruling__isnull=True) | ~own)


def column_of(sort: str) -> str:
    """Return the column that one of `SORTS` orders by, with its minus, if any."""
    column = {"votes": "votes_all"}.get(sort.removeprefix("-"), sort.removeprefix("-"))
    return ("-" if sort.startswith("-") else "") + column
