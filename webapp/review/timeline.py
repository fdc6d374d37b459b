"""How a subject's posterior came about: each vote, the skill of whoever gave it, and what was believed after it."""

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from webapp.archive.models import Subject
from webapp.consensus.intervals import Share, share_of
from webapp.consensus.models import Skill
from webapp.consensus.posterior import Counts, posterior, skill_of
from webapp.consensus.skill import CELLS
from webapp.sql import fetch
from webapp.volunteers.models import Classification, Method, Workflow
from webapp.volunteers.pseudonym import pseudonym

# What each voter had answered to subjects of known class before this vote, by class and answer. An answer that replaced
# an undone one says nothing of skill, as in `webapp.consensus.skill`.
EARLIER = """
    SELECT vote.id, known.gold_label, earlier.answer, count(*)
    FROM volunteers_classification AS vote
    JOIN volunteers_classification AS earlier
        ON earlier.volunteer_id = vote.volunteer_id AND earlier.workflow_id = vote.workflow_id
        AND earlier.created_at < vote.created_at AND earlier.is_counted AND earlier.withdrawn_at IS NULL
    JOIN archive_subject AS known ON known.id = earlier.subject_id AND known.gold_label <> ''
    WHERE vote.workflow_id = %s AND vote.subject_id = %s AND vote.withdrawn_at IS NULL
        AND NOT EXISTS (
            SELECT FROM volunteers_classification AS undone
            WHERE undone.volunteer_id = earlier.volunteer_id AND undone.workflow_id = earlier.workflow_id
                AND undone.subject_id = earlier.subject_id AND undone.withdrawn_at IS NOT NULL
        )
    GROUP BY vote.id, known.gold_label, earlier.answer
"""
NEWCOMER: Counts = (0,) * len(CELLS)


@dataclass(frozen=True)
class Vote:
    """One standing answer.

    Attributes
    ----------
    who : str
        A pseudonym.
    seconds : float or None
        From the picture's appearance to the answer.
    is_counted : bool
        False while it may yet be undone: then it changes no posterior.
    skill : Share
        The voter's right answers among their definite ones to subjects of known class, before this vote.
    odds : float or None
        By what factor the vote moves the odds of yes; None where the method weighs nobody.
    posterior_then, posterior_now : float
        After this vote, with the voters' skills of the moment of their votes, and with those of now.
    """

    number: int
    who: str
    at: datetime
    answer: str
    follow_up: str
    reason: str
    seconds: float | None
    is_counted: bool
    skill: Share
    odds: float | None
    posterior_then: float
    posterior_now: float


@dataclass(frozen=True)
class Weighed:
    """An answer with the record of whoever gave it: before it, and now."""

    row: Classification
    then: Counts
    now: Counts


def timeline(workflow: Workflow, subject: Subject) -> list[Vote]:
    """Return the standing votes on a subject in the order they were given, with what was believed after each."""
    counted: list[Weighed] = []
    found = []
    for number, each in enumerate(_weighed(workflow, subject), 1):
        if each.row.is_counted:
            counted.append(each)
        found.append(_vote(workflow, number, each, counted))
    return found


def _weighed(workflow: Workflow, subject: Subject) -> list[Weighed]:
    answers = Classification.objects.standing().filter(workflow=workflow, subject=subject)
    rows = list(answers.select_related("volunteer").order_by("created_at", "pk"))
    skills = Skill.objects.filter(workflow=workflow, volunteer__in=[row.volunteer_id for row in rows])
    now = {skill.volunteer_id: tuple(getattr(skill, cell) for cell in CELLS) for skill in skills}
    then = _earlier(workflow, subject)
    return [Weighed(row, then.get(str(row.pk), NEWCOMER), now.get(row.volunteer_id, NEWCOMER)) for row in rows]


def _earlier(workflow: Workflow, subject: Subject) -> dict[str, Counts]:
    cells: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(CELLS, 0))
    for vote, label, answer, n in fetch(EARLIER, [workflow.pk, subject.pk]):
        truth = Subject(survey=workflow.survey, gold_label=label).gold_answer()
        cells[str(vote)][f"{truth}_{answer}"] += n
    return {vote: tuple(each[cell] for cell in CELLS) for vote, each in cells.items()}


def _vote(workflow: Workflow, number: int, each: Weighed, counted: list[Weighed]) -> Vote:
    row, (yes_yes, yes_no, _, no_yes, no_no, _) = each.row, each.then
    weighs = workflow.method != Method.MAJORITY and row.is_counted
    return Vote(
        number=number,
        who=pseudonym(row.volunteer),
        at=row.created_at,
        answer=row.answer,
        follow_up=row.follow_up,
        reason=row.reason,
        seconds=_seconds(row),
        is_counted=row.is_counted,
        skill=share_of(yes_yes + no_no, yes_yes + no_no + yes_no + no_yes),
        odds=math.exp(skill_of(workflow.method, each.then).evidence(row.answer)) if weighs else None,
        posterior_then=_believed(workflow, [(vote.row.answer, vote.then) for vote in counted]),
        posterior_now=_believed(workflow, [(vote.row.answer, vote.now) for vote in counted]),
    )


def _seconds(row: Classification) -> float | None:
    if row.started_at is None or row.finished_at is None:
        return None
    return (row.finished_at - row.started_at).total_seconds()


def _believed(workflow: Workflow, votes: list[tuple[str, Counts]]) -> float:
    return posterior(workflow, [answer for answer, _ in votes], [voter for _, voter in votes])
