"""Sampling: draw a volunteer's next subjects from gold, at random, or by priority.

Every statement is a range scan of one partial index that stops at the rows needed: it costs the same in a queue of ten
thousand as in one of ten million. Limits are literals in the statements, since a plan for an unknown limit is a plan
for many rows.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from webapp.classifications.models import Reason
from webapp.core.sql import fetch
from webapp.volunteers.models import Volunteer
from webapp.workflows.gold_schedule import last_step, share_at
from webapp.workflows.models import Workflow

# The volunteer neither holds nor has answered the entry. Newcomers have answered nothing.
UNSEEN = """
    entry.workflow_id = %(workflow)s
    AND NOT EXISTS (
        SELECT FROM classifications_classification AS answer
        WHERE answer.volunteer_id = %(volunteer)s AND answer.workflow_id = %(workflow)s
            AND answer.subject_id = entry.subject_id AND answer.withdrawn_at IS NULL
    )
    AND entry.id <> ALL(%(held)s::bigint[])
"""
SELECT = "SELECT entry.id, entry.reason FROM queue_queueentry AS entry WHERE"
GOLD = f"{SELECT} entry.is_gold AND {UNSEEN}"
OPEN = f"{SELECT} NOT entry.is_gold AND NOT entry.is_retired AND entry.open_slots > 0 AND {UNSEEN}"
ANSWERED = """
    SELECT count(*) FROM (
        SELECT FROM classifications_classification
        WHERE volunteer_id = %(volunteer)s AND workflow_id = %(workflow)s AND withdrawn_at IS NULL LIMIT {most}
    ) AS first
"""
LOCK = "FOR NO KEY UPDATE SKIP LOCKED"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A queue entry, and why it was drawn."""

    entry: int
    reason: str


def draw(volunteer: Volunteer, workflow: Workflow, n: int, leased: Sequence[int] = ()) -> list[Drawn]:
    """Draw up to `n` entries that the volunteer has not seen, and lock those whose slots are taken.

    Each one is drawn separately, so the order does not reveal which subjects are gold. The training fraction depends on
    how many subjects the volunteer has seen, including those they hold (`held`). If there is no gold or random one
    left, the first by priority is drawn instead, except in a training-only workflow.
    """
    asked = {"volunteer": volunteer.pk, "workflow": workflow.pk, "held": list(leased)}
    if workflow.is_training:
        return [Drawn(entry, Reason.TRAINING) for entry, _ in _gold(asked, n)]
    answered = _answered(asked, workflow) + len(leased)
    plan = [_reason(workflow, answered + place) for place in range(n)]
    gold = _gold(asked, plan.count(Reason.TRAINING))
    by_chance = _by_chance(asked, plan.count(Reason.RANDOM))
    first = _first(asked, n - len(gold) - len(by_chance), by_chance)
    drawn = []
    for reason in plan:
        if reason == Reason.TRAINING and gold:
            drawn.append(Drawn(gold.pop()[0], Reason.TRAINING))
        elif reason == Reason.RANDOM and by_chance:
            drawn.append(Drawn(by_chance.pop()[0], Reason.RANDOM))
        elif first:
            drawn.append(Drawn(*first.pop(0)))
    return drawn + [Drawn(*row) for row in first]


def _answered(asked: dict[str, Any], workflow: Workflow) -> int:
    """Return how many subjects the volunteer has answered, counted in the index only as far as it matters."""
    most = last_step(workflow.training_schedule)
    return int(fetch(ANSWERED.format(most=most), asked)[0][0]) if most else 0


def _reason(workflow: Workflow, answered: int) -> Reason:
    if random.random() < share_at(workflow.training_schedule, answered):
        return Reason.TRAINING
    return Reason.RANDOM if random.random() < workflow.random_fraction else Reason.NEW


def _gold(asked: dict[str, Any], n: int) -> list[tuple[int, str]]:
    """Scan the shuffled gold from a random point, wrapping around at the end.

    Any number of people may hold the same one, so nothing is locked.
    """
    if not n:
        return []
    parameters = {**asked, "point": random.random()}
    rows = fetch(f"{GOLD} AND entry.random_key >= %(point)s ORDER BY entry.random_key LIMIT {n}", parameters)
    if len(rows) < n:
        rest = f"{GOLD} AND entry.random_key < %(point)s ORDER BY entry.random_key LIMIT {n - len(rows)}"
        rows += fetch(rest, parameters)
    return rows


def _by_chance(asked: dict[str, Any], n: int) -> list[tuple[int, str]]:
    """Return the first in the shuffled order, which is independent of models and votes: an unbiased sample.

    Everybody draws from the same end, so that the sample's subjects retire one after another; a new random point for
    each draw would spread the votes over so many subjects that few would ever retire.
    """
    return fetch(f"{OPEN} ORDER BY entry.random_key LIMIT {n} {LOCK}", asked) if n else []


def _first(asked: dict[str, Any], n: int, taken: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return the first by priority, except those already taken."""
    if not n:
        return []
    other = "AND entry.id <> ALL(%(taken)s)" if taken else ""
    statement = f"{OPEN} {other} ORDER BY entry.priority DESC, entry.id LIMIT {n} {LOCK}"
    return fetch(statement, {**asked, "taken": [row[0] for row in taken]})
