"""Lock volunteers in primary key order, with their skill and pending classifications.

Code that changes answers locks their volunteer first and then the queue entries of their subjects, so that what it read
of a volunteer stays valid until the transaction ends.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from webapp.classifications.models import Classification
from webapp.consensus.evidence import Counts
from webapp.consensus.models import CELLS
from webapp.core.sql import PLAN_ONCE, Columns, fetch
from webapp.workflows.models import Workflow

ANSWER = Columns(Classification, "answer")

LOCK = """
    SELECT id FROM volunteers_volunteer WHERE id = ANY((SELECT %s::bigint[])::bigint[]) ORDER BY id FOR NO KEY UPDATE
"""

# A click, of which there are thousands a minute; a batch is planned for its size.
LOCK_ONE = f"SELECT {PLAN_ONCE} FROM volunteers_volunteer WHERE id = %s FOR NO KEY UPDATE"  # noqa: S608

# A separate statement: one that waited for a lock sees stale rows in its joins.
READ = f"""
    SELECT voter.id, person.user_id, person.merged_into_id, coalesce(skill.is_trusted, true),
        {", ".join(f"coalesce(skill.{cell}, 0)" for cell in CELLS)},
        {ANSWER.sql}
    FROM unnest(%(volunteers)s::bigint[]) AS voter (id)
    JOIN volunteers_volunteer AS person ON person.id = voter.id
    LEFT JOIN consensus_skill AS skill ON skill.volunteer_id = voter.id AND skill.workflow_id = %(workflow)s
    LEFT JOIN classifications_classification AS answer ON answer.volunteer_id = voter.id
        AND answer.workflow_id = %(workflow)s AND answer.withdrawn_at IS NULL AND NOT answer.is_counted
    ORDER BY voter.id, answer.created_at, answer.id
"""  # noqa: S608  # column names of our own models


@dataclass(slots=True)
class Voter:
    """A volunteer in one workflow: whether their answers have weight, their record, and their pending answers.

    `user` is the key of their account, and `account` the volunteer that a visitor was merged into.
    """

    volunteer: int
    user: int | None
    account: int | None
    is_trusted: bool
    record: Counts
    held: list[Classification] = field(default_factory=list)


def lock_volunteers(volunteers: Collection[int]) -> None:
    if len(volunteers) == 1:
        fetch(LOCK_ONE, list(volunteers))
    else:
        fetch(LOCK, [sorted(volunteers)])


def lock_voters(workflow: Workflow, volunteers: Collection[int]) -> list[Voter]:
    """Lock volunteers in primary key order, and return their state in the workflow, without those deleted since."""
    lock_volunteers(volunteers)
    voters: dict[int, Voter] = {}
    for who, user, account, is_trusted, *rest in fetch(
        READ, {"workflow": workflow.pk, "volunteers": sorted(volunteers)}
    ):
        voter = voters.setdefault(who, Voter(who, user, account, is_trusted, tuple(rest[: len(CELLS)])))
        if rest[len(CELLS)] is not None:
            answer = ANSWER.build(rest[len(CELLS) :])
            answer.workflow = workflow
            voter.held.append(answer)
    return list(voters.values())
