"""Timeline of a subject's posterior: each vote, the voter's skill, and the posterior after it."""

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.consensus.evidence import (
    CELLS,
    NEWCOMER,
    Counts,
    Proportion,
    cell_of,
    posterior_of,
    proportion_of,
    rates_of,
)
from webapp.consensus.models import NAT, Consensus
from webapp.core.sql import fetch
from webapp.volunteers.identity import pseudonym
from webapp.workflows.models import Method, Workflow

# Each voter's earlier answers to gold subjects, by class and answer. An answer that replaced
# an undone one does not count for skill, as in `webapp.consensus.skills`.
EARLIER = """
    SELECT vote.id, known.gold_label, earlier.answer, count(*)
    FROM classifications_classification AS vote
    JOIN classifications_classification AS earlier
        ON earlier.volunteer_id = vote.volunteer_id AND earlier.workflow_id = vote.workflow_id
        AND (
            earlier.count_order < vote.count_order
            OR (vote.count_order IS NULL AND earlier.created_at < vote.created_at)
        )
        AND earlier.is_counted AND earlier.withdrawn_at IS NULL
    JOIN archive_subject AS known ON known.id = earlier.subject_id AND known.gold_label <> ''
    WHERE vote.workflow_id = %s AND vote.subject_id = %s AND vote.withdrawn_at IS NULL
        AND NOT EXISTS (
            SELECT FROM classifications_classification AS undone
            WHERE undone.volunteer_id = earlier.volunteer_id AND undone.workflow_id = earlier.workflow_id
                AND undone.subject_id = earlier.subject_id AND undone.withdrawn_at IS NOT NULL
        )
    GROUP BY vote.id, known.gold_label, earlier.answer
"""


@dataclass(frozen=True)
class Vote:
    """One standing answer.

    Attributes
    ----------
    who : str
        The pseudonym, as in exports.
    seconds : float or None
        From when the picture appeared to the answer.
    is_counted, weighs : bool
        Whether it already counts or can still be undone; and whether it has weight in the consensus.
    skill : Proportion
        The voter's accuracy in definite answers to gold subjects, before this vote.
    if_yes, if_no : float or None
        P(answer | yes) and P(answer | no), by the voter's record before this vote. None without weight, or if the
        method uses no weights.
    odds : float or None
        Their ratio: the factor by which the vote changes the odds of yes; None as above.
    posterior : float
        After this vote.
    """

    number: int
    who: str
    at: datetime
    answer: str
    follow_up: str
    reason: str
    seconds: float | None
    is_counted: bool
    weighs: bool
    skill: Proportion
    if_yes: float | None
    if_no: float | None
    odds: float | None
    posterior: float


def timeline(workflow: Workflow, subject: Subject) -> list[Vote]:
    """Return the standing votes on a subject in counting order, with the posterior after each."""
    answers = Classification.objects.standing().filter(workflow=workflow, subject=subject)
    rows = answers.select_related("volunteer").order_by(F("count_order").asc(nulls_last=True), "created_at", "pk")
    before = _earlier(workflow, subject)
    so_far = Consensus(workflow=workflow, subject=subject)
    votes = []
    for number, row in enumerate(rows, 1):
        _add(so_far, row)
        votes.append(_vote(workflow, number, row, before.get(str(row.pk), NEWCOMER), posterior_of(so_far, workflow)))
    return votes


def _weighs(row: Classification) -> bool:
    return row.is_counted and row.log_odds_micronats is not None


def _add(so_far: Consensus, row: Classification) -> None:
    if _weighs(row):
        name = f"votes_{row.answer}"
        setattr(so_far, name, getattr(so_far, name) + 1)
        so_far.log_odds_micronats += row.log_odds_micronats or 0


def _earlier(workflow: Workflow, subject: Subject) -> dict[str, Counts]:
    cells: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(CELLS, 0))
    for vote, label, answer, n in fetch(EARLIER, [workflow.pk, subject.pk]):
        truth = Subject(survey=workflow.survey, gold_label=label).gold_answer()
        cells[str(vote)][cell_of(truth, answer)] += n
    return {vote: tuple(each[cell] for cell in CELLS) for vote, each in cells.items()}


def _vote(workflow: Workflow, number: int, row: Classification, before: Counts, posterior: float) -> Vote:
    yes_right, yes_wrong, _, no_wrong, no_right, _ = before
    has_odds = workflow.method != Method.MAJORITY and _weighs(row)
    if_no, if_yes = rates_of(workflow.method, before, row.answer) if has_odds else (None, None)
    return Vote(
        number=number,
        who=pseudonym(row.volunteer.key, row.volunteer.user_id is not None).user_name,
        at=row.created_at,
        answer=row.answer,
        follow_up=row.follow_up,
        reason=row.reason,
        seconds=_seconds(row),
        is_counted=row.is_counted,
        weighs=_weighs(row),
        skill=proportion_of(yes_right + no_right, yes_right + no_right + yes_wrong + no_wrong),
        if_yes=if_yes,
        if_no=if_no,
        odds=math.exp((row.log_odds_micronats or 0) / NAT) if has_odds else None,
        posterior=posterior,
    )


def _seconds(row: Classification) -> float | None:
    if row.started_at is None or row.finished_at is None:
        return None
    return (row.finished_at - row.started_at).total_seconds()
