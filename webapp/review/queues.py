"""The desk's queues: which subjects wait for a scientist, such as agreed candidates and disagreements."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import BooleanField, Exists, F, Func, OrderBy, OuterRef, Q, QuerySet, Value

from webapp.archive.models import CAME_WITH_A_CLASS, Subject
from webapp.archive.subject_search import tagged, taken_between
from webapp.consensus.models import BOTH_ANSWERS, BOTH_SAY_YES, HAS_CHANGED, Consensus
from webapp.known_objects.models import IdentityCheck
from webapp.learning.model_roles import role_of
from webapp.learning.promotion import champion_of
from webapp.review.models import Case, Ruling, SecondOpinion
from webapp.review.queue_rows import discussed, with_or_without_votes, with_votes
from webapp.workflows.models import Workflow

LEAST_GAP = 0.3
"""Minimum difference between posterior and model, of 1, for a disagreement, unless the reader asks for another."""

SPLIT = 0.6
"""Volunteers are split if the most common answer has at most this fraction of the votes."""

UNSURE = 0.3
"""A subject is rich in unsure from this fraction of the votes."""

MOST_KEYS = 5_000
"""Subjects of a time, a region or an assignee that are found by their keys."""


@dataclass(frozen=True)
class Queue:
    """A queue: its subjects, its first order, and whether it needs a champion, needs votes, or leaves out held ones.

    `state` is which verdicts its list starts with, one of `STATES`.
    """

    wanted: Callable[[float], Q]
    sort: str
    needs_champion: bool = False
    needs_votes: bool = True
    leaves_out_held: bool = False
    state: str = "todo"


def _disagree(least_gap: float) -> Q:
    return Q(gap__gte=least_gap, votes_all__gte=1)


_OF_ROW = {"workflow": OuterRef("workflow"), "subject": OuterRef("subject"), "withdrawn_at": None}
_STANDING = Ruling.objects.filter(**_OF_ROW)
_OPINIONS = SecondOpinion.objects.filter(
    **{f"ruling__{name}": value for name, value in _OF_ROW.items()}, withdrawn_at=None
)


def _of_cases(cases: QuerySet[Case]) -> Q:
    return Q(subject__in=cases.values("subject"))


_HELD = _of_cases(Case.objects.filter(is_on_hold=True))

_TRAINING = Subject.objects.filter(CAME_WITH_A_CLASS, pk=OuterRef("subject"))
"""Training subjects are no candidates: their class is known, and a verdict on them credits nobody."""

QUEUES = {
    "agreed": Queue(
        lambda _: BOTH_SAY_YES & Q(votes_all__gte=1) & ~Q(Exists(_TRAINING)),
        "-posterior",
        needs_champion=True,
        leaves_out_held=True,
    ),
    "disagreements": Queue(_disagree, "-gap", needs_champion=True, leaves_out_held=True),
    "split": Queue(lambda _: BOTH_ANSWERS & Q(agreement__lte=SPLIT), "agreement", leaves_out_held=True),
    "changed": Queue(lambda _: HAS_CHANGED, "-change", needs_champion=True, leaves_out_held=True),
    "unsure": Queue(lambda _: Q(undecided_share__gte=UNSURE), "-undecided_share", leaves_out_held=True),
    "talk": Queue(lambda _: Q(), "-newest_comment", needs_votes=False),
    "second": Queue(lambda _: Q(Exists(_STANDING.awaiting_opinion())), "-changed_at", needs_votes=False),
    "conflicts": Queue(  # those whom it is about have given their verdicts
        lambda _: Q(Exists(_STANDING.disputed())), "-changed_at", needs_votes=False, state="all"
    ),
    "held": Queue(lambda _: _HELD, "-changed_at", needs_votes=False),
    "random": Queue(lambda _: Q(votes_all__gte=1), "audit"),
    "all": Queue(lambda _: Q(), "-posterior"),
}
_NEAR = IdentityCheck.objects.filter(candidates__gt=0)
_COMPARED = IdentityCheck.objects.filter(detections__gt=0)
KNOWN = {
    "": Q(),
    "near": Q(subject__in=_NEAR.values("subject")),
    "new": ~Q(Exists(_NEAR.filter(subject=OuterRef("subject")))),
    "none": Q(subject__in=_COMPARED.filter(candidates=0).values("subject")),
    "open": ~Q(Exists(_COMPARED.filter(subject=OuterRef("subject")))),
}
"""The archive's choices of known objects, without its joins: few subjects near one are found by the index of these."""

STATES = ("todo", "open", "ruled", "own", "all")
WAYS = {"": Q(), "crowd-yes": Q(posterior__gt=F("p_model")), "crowd-no": Q(posterior__lt=F("p_model"))}
ASSIGNED = ("", "me", "nobody", "somebody")


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
    taken: tuple[float | None, float | None] = (None, None),
    regions: Sequence[Q] = (),
    known: str = "",
) -> QuerySet[Any]:
    """Return the subjects in a queue, in the queue's first order; `consensus_of` returns what a page shows of them.

    The rows are consensus rows. Queues that scientists or Talk fill, and tags, assignees, times and regions among all
    subjects, also have subjects without votes: their rows are subjects, and few. Each row has `posterior`, `p_model`,
    `gap` (all 0..1) and `votes_all`, each None without votes or score; a consensus row also `change` (0..1, or None
    without scores), `agreement` and `undecided_share`. A queue that needs a champion has no rows without one.

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
        "crowd-yes": volunteers say yes more than the model; "crowd-no": less, if anybody voted; "": either.
    least_gap
        Minimum difference of posterior and model for a disagreement.
    min_votes
        Only subjects with at least this many votes.
    assigned
        "me", "nobody", "somebody", or "" for all.
    tag
        Only subjects with this tag, of scientists or of volunteers.
    taken
        Only subjects taken between these times (MJD), both included; None for no limit.
    regions
        Only subjects within all of these regions, as filters of subjects.
    known
        One of `KNOWN`: whether a known object is near.

    Raises
    ------
    ValueError
        For an unknown queue, state, way, assignment or choice of known objects.
    """
    _check_choices(queue, state, way, assigned, known)
    asked = QUEUES[queue]
    if asked.needs_champion and champion_of(workflow.survey, role_of(workflow)) is None:
        return Consensus.objects.none()
    places = [*regions, *([taken_between(*taken)] if taken != (None, None) else [])]
    is_listed = bool(tag) or assigned in ("me", "somebody")
    needs_votes = asked.needs_votes and not (queue == "all" and (is_listed or places))
    rows: Any = with_votes(workflow) if needs_votes else with_or_without_votes(workflow)
    if not needs_votes and places and not is_listed:  # perhaps many, of which none was put on a list
        rows = rows.annotate(changed_at=F("row__updated_at")).filter(duplicate_of=None)
    wanted = [asked.wanted(least_gap), WAYS[way], KNOWN[known]]
    wanted += [~_HELD] if asked.leaves_out_held else []
    wanted += [Q(votes_all__gte=min_votes)] if min_votes else []
    wanted += [tagged(tag, "subject")] if tag else []
    wanted += [_assigned(assigned, reader)] if assigned else []
    wanted += [_placed(workflow, places)] if places else []
    rows = (discussed(rows) if queue == "talk" else rows).filter(*wanted)
    return _of_state(rows, state, reader).order_by(_in_order(column_of(asked.sort)), "pk")


def _check_choices(queue: str, state: str, way: str, assigned: str, known: str) -> None:
    for name, value, choices in (
        ("queue", queue, tuple(QUEUES)), ("state", state, STATES), ("way", way, tuple(WAYS)),
        ("assignment", assigned, ASSIGNED), ("choice of known objects", known, tuple(KNOWN)),
    ):  # fmt: skip
        if value not in choices:
            raise ValueError(f"The {name} {value!r} is none of {', '.join(filter(None, choices))}.")


def _in_order(column: str) -> OrderBy:
    named = F(column.removeprefix("-"))
    return named.desc(nulls_last=True) if column.startswith("-") else named.asc()


def _assigned(assigned: str, reader: User | None) -> Q:
    of = Case.objects.filter(assignee=reader) if assigned == "me" else Case.objects.filter(assignee__isnull=False)
    return ~_of_cases(of) if assigned == "nobody" else _among(of.values_list("subject", flat=True))


def _placed(workflow: Workflow, places: Sequence[Q]) -> Q:
    return _among(Subject.objects.filter(*places, survey=workflow.survey_id).values_list("pk", flat=True))


def _among(subjects: QuerySet[Any, int]) -> Q:
    """Filter by a query of subjects: by key if they are few, as those of a night, so that the planner knows how few.

    Joined, it would expect so many that it reads a whole queue to find them.
    """
    keys = list(subjects[: MOST_KEYS + 1])
    return Q(_is_among(keys)) if len(keys) <= MOST_KEYS else Q(subject__in=subjects)


def _is_among(keys: list[int]) -> Func:
    """Filter by keys as one text: each in a place of its own, or adapted alone, would take as long as the search."""
    array = Value(f"{{{','.join(map(str, keys))}}}")
    template = "%(expressions)s::bigint[])"
    return Func(F("subject"), array, template=template, arg_joiner=" = ANY(", output_field=BooleanField())


def _of_state(rows: QuerySet[Any], state: str, reader: User | None) -> QuerySet[Any]:
    """Filter by verdicts with subqueries: joins would make the planner expect one row, and read the whole archive."""
    if state == "all":
        return rows
    if state in ("open", "ruled"):
        return rows.filter(Exists(_STANDING) if state == "ruled" else ~Exists(_STANDING))
    own = Exists(_STANDING.filter(scientist=reader)) | Exists(_OPINIONS.filter(scientist=reader))
    return rows.filter(own) if state == "own" else rows.exclude(own)


def column_of(sort: str) -> str:
    """Return the column that a queue's sort orders by, with its minus, if any."""
    column = {"votes": "votes_all"}.get(sort.removeprefix("-"), sort.removeprefix("-"))
    return ("-" if sort.startswith("-") else "") + column
