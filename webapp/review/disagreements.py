"""Subjects on which volunteers and champion disagree, largest disagreement first."""

from django.db.models import F, FilteredRelation, Q, QuerySet
from django.db.models.functions import Abs

from webapp.consensus.models import VOTES, Consensus
from webapp.learning.model_roles import role_of
from webapp.learning.promotion import champion_of
from webapp.workflows.models import Workflow

LEAST_GAP = 0.3
"""Minimum difference between posterior and model, of 1, for a disagreement."""

STATES = ("open", "ruled", "all")
WAYS = ("", "crowd-yes", "crowd-no")
SORTS = ("gap", "posterior", "p_real", "votes", "updated_at")


def disagreements(
    workflow: Workflow,
    *,
    state: str = "open",
    way: str = "",
    min_votes: int = 0,
    least_gap: float = LEAST_GAP,
    sort: str = "-gap",
) -> QuerySet[Consensus]:
    """Return the consensus of each disputed subject with its `subject`, largest disagreement first.

    Each row also has `p_real` (the champion's), `gap` (0..1), `votes_all`, and `ruling_id` and `verdict` if a scientist
    has ruled. Without a champion there are no rows.

    Parameters
    ----------
    state
        "open": no scientist has ruled; "ruled": one has; "all".
    way
        "crowd-yes": volunteers say yes more than the model; "crowd-no": less; "": either.
    min_votes
        Only subjects with at least so many votes; those without votes never disagree.
    sort
        One of `SORTS`, with a minus for descending order.

    Raises
    ------
    ValueError
        For an unknown state, way or sort.
    """
    _check(state, way, sort)
    champion = champion_of(workflow.survey, role_of(workflow))
    if champion is None:
        return Consensus.objects.none()
    rows = (
        Consensus.objects.filter(workflow=workflow)
        .annotate(
            score=FilteredRelation("subject__scores", condition=Q(subject__scores__checkpoint=champion)),
            ruling=FilteredRelation(
                "subject__rulings",
                condition=Q(subject__rulings__workflow=workflow, subject__rulings__withdrawn_at=None),
            ),
            p_real=F("score__p_real"),
            gap=Abs(F("posterior") - F("score__p_real")),
            votes_all=VOTES,
            ruling_id=F("ruling__pk"),
            verdict=F("ruling__verdict"),
        )
        .filter(_wanted(state, way), gap__gte=least_gap, votes_all__gte=max(1, min_votes))
    )
    return rows.select_related("subject").order_by(column_of(sort), "pk")


def _check(state: str, way: str, sort: str) -> None:
    for name, value, known in (("state", state, STATES), ("way", way, WAYS), ("sort", sort.removeprefix("-"), SORTS)):
        if value not in known:
            raise ValueError(f"The {name} {value!r} is none of {', '.join(filter(None, known))}.")


def _wanted(state: str, way: str) -> Q:
    wanted = Q() if state == "all" else Q(ruling__isnull=state == "open")
    if way:
        wanted &= Q(posterior__gt=F("score__p_real")) if way == "crowd-yes" else Q(posterior__lt=F("score__p_real"))
    return wanted


def column_of(sort: str) -> str:
    """Return the column that one of `SORTS` orders by, with its minus, if any."""
    column = {"votes": "votes_all"}.get(sort.removeprefix("-"), sort.removeprefix("-"))
    return ("-" if sort.startswith("-") else "") + column
