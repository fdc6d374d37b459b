"""Sampling: draw a volunteer's next subjects from gold, at random, or by priority.

Every statement is a range scan of one partial index that stops at the rows needed: it costs the same in a queue of ten
thousand as in one of ten million. It passes what the volunteer has answered and others still may: 83 ms for 30,000 such
subjects. Limits are literals in the statements, since a plan for an unknown limit is a plan for many rows.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.classifications.models import Classification, Reason
from webapp.core.sql import fetch
from webapp.volunteers.models import Volunteer
from webapp.workflows.gold_schedule import fraction_at
from webapp.workflows.models import Workflow

# The volunteer neither holds nor has answered the entry. Newcomers have answered nothing. `OFFSET 0` makes the planner
# look each entry up in an index; else it may read all answers of the volunteer, and compare each with each entry.
UNSEEN = """
    entry.workflow_id = %(workflow)s
    AND NOT EXISTS (
        SELECT FROM classifications_classification AS answer
        WHERE answer.volunteer_id = %(volunteer)s AND answer.workflow_id = %(workflow)s
            AND answer.subject_id = entry.subject_id AND answer.withdrawn_at IS NULL OFFSET 0
    )
    AND entry.id <> ALL(%(held)s::bigint[])
"""
# A scalar subquery, so that an entry's object is looked up only when the scan reaches it.
OBJECT = "(SELECT subject.object_group FROM archive_subject AS subject WHERE subject.id = entry.subject_id)"
SELECT = f"""SELECT entry.id, entry.reason, {OBJECT} AS object_group FROM queue_queueentry AS entry
    WHERE {UNSEEN} AND entry.id <> ALL(%(taken)s::bigint[])
"""  # noqa: S608  # our own statements
SITTING = "3 hours"
# Of the first entries, those whose object was not answered in this sitting are drawn. Each object is looked up once:
# its pictures may be thousands, and the scan must pass them all. Rows without an id name the objects that were
# answered; the last one, without an object either, says that there may be more entries.
OF_OTHERS = f"""
    WITH head AS MATERIALIZED (
        {SELECT} AND {{entries}} AND {OBJECT} <> ALL(%(objects)s::text[]) ORDER BY {{order}} LIMIT {{window}}
    ), answered AS MATERIALIZED (
        SELECT of.object_group FROM (SELECT DISTINCT object_group FROM head) AS of WHERE EXISTS (
            SELECT FROM archive_subject AS picture
            JOIN classifications_classification AS answer ON answer.subject_id = picture.id
            WHERE picture.survey_id = %(survey)s AND picture.object_group = of.object_group
                AND answer.volunteer_id = %(volunteer)s AND answer.withdrawn_at IS NULL
                AND answer.created_at > now() - interval '{SITTING}'
        )
    ), drawn AS MATERIALIZED (
        SELECT entry.id, entry.reason, head.object_group FROM head JOIN queue_queueentry AS entry USING (id)
        WHERE {{entries}} AND head.object_group NOT IN (SELECT object_group FROM answered)
        ORDER BY {{order}} LIMIT {{n}} {{lock}}
    )
    SELECT id, reason, object_group FROM drawn
    UNION ALL SELECT NULL, NULL, object_group FROM answered
    UNION ALL SELECT NULL, NULL, NULL WHERE (SELECT count(*) FROM head) = {{window}}
"""  # noqa: S608  # our own statements
FIRST, WIDER = 4, 8  # entries looked at in the first statement, and how many times as many in each further one
HELD = """
    SELECT subject.object_group FROM queue_queueentry AS held JOIN archive_subject AS subject
        ON subject.id = held.subject_id
    WHERE held.id = ANY(%(held)s::bigint[])
"""
OPEN = "NOT entry.is_gold AND NOT entry.is_retired AND entry.open_slots > 0"
LOCK = "FOR NO KEY UPDATE OF entry SKIP LOCKED"
KEEP = "FOR KEY SHARE OF entry SKIP LOCKED"
"""Keeps gold in the queue until it is leased, and passes what is just being removed."""
GOLD = tuple(f"entry.is_gold AND entry.random_key {side} %(point)s" for side in (">=", "<"))
AT_RANDOM = "entry.random_key"
Chance = Callable[[], float]
"""The next random number, 0..1."""


@dataclass(frozen=True, slots=True)
class DrawnEntry:
    """A queue entry, and why it was drawn."""

    entry: int
    reason: str


def draw_entries(
    volunteer: Volunteer, workflow: Workflow, n: int, leased: Sequence[int], answered: int
) -> list[DrawnEntry]:
    """Draw up to `n` entries that the volunteer has not seen, and lock those whose slots are taken.

    Each one is drawn separately, so the order does not reveal which subjects are gold. The training fraction depends on
    how many subjects the volunteer has seen: those `answered`, and those they hold, `leased`. If there is no gold or
    random one left, the first by priority is drawn instead, except in a training-only workflow. No object comes twice
    in a sitting while there are others, be it gold or not. The draws of a simulated volunteer can be repeated.
    """
    chance = _chance(volunteer, workflow)
    asked = {"volunteer": volunteer.pk, "workflow": workflow.pk, "survey": workflow.survey_id, "held": list(leased)}
    scan = Scan(asked)
    if workflow.is_training:
        return [DrawnEntry(entry, Reason.TRAINING) for entry, _ in scan.gold(n, chance, is_all=True)]
    seen = answered + len(leased)
    plan = [_reason(workflow, seen + place, chance) for place in range(n)]
    gold = scan.gold(plan.count(Reason.TRAINING), chance)
    by_chance = scan.by_chance(plan.count(Reason.RANDOM))
    first = scan.first(n - len(gold) - len(by_chance))
    drawn = []
    for reason in plan:
        if reason == Reason.TRAINING and gold:
            drawn.append(DrawnEntry(gold.pop()[0], Reason.TRAINING))
        elif reason == Reason.RANDOM and by_chance:
            drawn.append(DrawnEntry(by_chance.pop()[0], Reason.RANDOM))
        elif first:
            drawn.append(DrawnEntry(*first.pop(0)))
    return drawn + [DrawnEntry(*row) for row in first]


def _chance(volunteer: Volunteer, workflow: Workflow) -> Chance:
    """Return the random numbers of a request.

    Those of a simulated volunteer, called NAME@WORKFLOW, depend only on the name and the number of answers, so that
    experiments can be repeated, and two workflows can start alike.
    """
    called = volunteer.user.get_username() if volunteer.is_simulated and volunteer.user else ""
    name, is_of_experiment, _ = called.partition("@")
    if not is_of_experiment:
        return random.random
    answers = Classification.objects.filter(volunteer=volunteer, workflow=workflow).count()
    return random.Random(f"{name} {answers}").random


def _reason(workflow: Workflow, seen: int, chance: Chance) -> Reason:
    if chance() < fraction_at(workflow.training_schedule, seen):
        return Reason.TRAINING
    return Reason.RANDOM if chance() < workflow.random_fraction else Reason.NEW


class Scan:
    """A scan of the queue for one volunteer, which takes no entry twice, nor an object if it can be avoided."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.asked = asked
        self.taken: list[int] = []
        self.objects = [group for (group,) in fetch(HELD, asked)] if asked["held"] else []

    def gold(self, n: int, chance: Chance, *, is_all: bool = False) -> list[tuple[int, str]]:
        """Return gold in the shuffled order from a random point on, wrapping around at the end.

        Any number of people may hold the same one, so it is only kept from being removed. An object comes again only if
        gold is all that there is.
        """
        if not n:
            return []
        self.asked["point"] = chance()
        found: list[tuple[int, str]] = []
        for take in (self._take, self._take_any)[: 1 + is_all]:
            for part in GOLD:
                found += take(part, AT_RANDOM, n - len(found), KEEP)
        return found

    def by_chance(self, n: int) -> list[tuple[int, str]]:
        """Return the first in the shuffled order, which is independent of models and votes: an unbiased sample.

        Everybody draws from the same end, so that the sample's subjects retire one after another; a new random point
        for each draw would spread the votes over so many subjects that few would ever retire.
        """
        return self._open(AT_RANDOM, n)

    def first(self, n: int) -> list[tuple[int, str]]:
        """Return the first by priority."""
        return self._open("entry.priority DESC, entry.id", n)

    def _open(self, order: str, n: int) -> list[tuple[int, str]]:
        found = self._take(OPEN, order, n, LOCK)
        return found + self._take_any(OPEN, order, n - len(found), LOCK)

    def _take(self, entries: str, order: str, n: int, lock: str = "") -> list[tuple[int, str]]:
        """Return the first `n` in an order, of objects that are neither held, drawn already, nor answered lately."""
        found: list[tuple[int, str]] = []
        window, is_more = max(n, FIRST), n > 0
        while len(found) < n and is_more:
            wanted = n - len(found)
            rows = self._fetch(OF_OTHERS.format(entries=entries, order=order, window=window, n=wanted, lock=lock))
            drawn = [row for row in rows if row[0] is not None]
            found += self._taken(list({row[2]: row for row in reversed(drawn)}.values())[::-1])
            self.objects += {row[2] for row in rows if row[2] is not None}
            is_more = len(drawn) == wanted or any(row[2] is None for row in rows)
            window *= WIDER
        return found

    def _take_any(self, entries: str, order: str, n: int, lock: str = "") -> list[tuple[int, str]]:
        """Return the first `n` in an order, whatever their objects."""
        if n < 1:
            return []
        return self._taken(self._fetch(f"{SELECT} AND {entries} ORDER BY {order} LIMIT {n} {lock}"))

    def _fetch(self, statement: str) -> list[tuple[Any, ...]]:
        return fetch(statement, {**self.asked, "taken": self.taken, "objects": self.objects})

    def _taken(self, rows: Sequence[tuple[Any, ...]]) -> list[tuple[int, str]]:
        self.taken += [row[0] for row in rows]
        return [row[:2] for row in rows]
