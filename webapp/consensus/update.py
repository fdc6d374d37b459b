"""Add up the votes: consensus, retirement and what the queue may still hand out, always recomputable from the votes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from ml.crowd.skill import Skill as Matrix
from webapp.consensus.models import Consensus, Skill
from webapp.consensus.posterior import NEWCOMER, posterior, skill_matrix
from webapp.consensus.retire import BY_VOTES, reason_to_retire
from webapp.consensus.skill import recount
from webapp.volunteers.classify import lock_entries
from webapp.volunteers.models import Classification, Lease, Method, QueueEntry, Workflow
from webapp.volunteers.wanted import available

BATCH = 1000
WRITTEN = ["votes_yes", "votes_no", "votes_unsure", "follow_ups", "posterior", "method", "version"]
WRITTEN += ["is_retired", "retired_reason", "retired_at", "updated_at"]

# Rows that would not change are left alone, so that an idle recount writes nothing.
UPDATE_QUEUE = """
    UPDATE volunteers_queueentry AS entry SET available = new.available, is_retired = new.is_retired
    FROM unnest(%s::bigint[], %s::smallint[], %s::boolean[]) AS new (id, available, is_retired)
    WHERE entry.id = new.id AND (entry.available, entry.is_retired) <> (new.available, new.is_retired)
"""


@dataclass
class Tally:
    """The standing votes on one subject."""

    answers: list[str] = field(default_factory=list)
    voters: list[int] = field(default_factory=list)
    follow_ups: Counter[str] = field(default_factory=Counter)


@transaction.atomic
def refresh(workflow: Workflow, subjects: Iterable[int]) -> dict[int, Consensus]:
    """Add up the standing votes on some subjects with the voters' skills of now; return the result by subject.

    The number of queries does not depend on the number of subjects. Their queue entries are locked first, in the
    order of their primary keys, so that people who vote on one subject at the same time wait for each other.
    """
    return refresh_locked(workflow, list(lock_entries(workflow, list(subjects)).values()))


def recompute(workflow: Workflow) -> int:
    """Add up everything in a workflow anew, skills first; return how many subjects have votes.

    Skills move on with every gold subject, and the subjects a volunteer saw before keep what was believed then
    until this is run; so run it before labels are taken from the consensus. Batches are transactions of their own.
    """
    recount(workflow)
    voted = Classification.objects.filter(workflow=workflow, subject=OuterRef("subject"))
    summed = Consensus.objects.filter(workflow=workflow, subject=OuterRef("subject"))
    entries = QueueEntry.objects.filter(Q(Exists(voted)) | Q(Exists(summed)), workflow=workflow)
    subjects = list(entries.order_by("pk").values_list("subject", flat=True))
    for start in range(0, len(subjects), BATCH):
        refresh(workflow, subjects[start : start + BATCH])
    return len(subjects)


def truth_changed(workflow: Workflow, subjects: Iterable[int]) -> None:
    """Count anew the skills of those who answered subjects whose gold label was just set or removed."""
    answers = Classification.objects.standing().filter(workflow=workflow, subject__in=list(subjects))
    recount(workflow, answers.values_list("volunteer", flat=True).distinct())


def refresh_locked(workflow: Workflow, entries: Sequence[QueueEntry]) -> dict[int, Consensus]:
    """Do what `refresh` does, for entries that this transaction has locked already."""
    tallies = _tallies(workflow, entries)
    skills = _skills(workflow, {voter for tally in tallies.values() for voter in tally.voters})
    rows = _rows(workflow, entries)
    for entry in entries:
        tally = tallies[entry.subject_id]
        _sum_up(rows[entry.subject_id], tally, posterior(workflow, tally.answers, [skills[v] for v in tally.voters]))
        _retire(rows[entry.subject_id], entry)
    _store(list(rows.values()))
    _update_queue(workflow, entries, rows)
    return rows


def _tallies(workflow: Workflow, entries: Sequence[QueueEntry]) -> dict[int, Tally]:
    tallies = {entry.subject_id: Tally() for entry in entries}
    votes = Classification.objects.standing().filter(workflow=workflow, subject__in=list(tallies))
    for subject, voter, answer, follow_up in votes.values_list("subject", "volunteer", "answer", "follow_up"):
        tally = tallies[subject]
        tally.answers.append(answer)
        tally.voters.append(voter)
        if follow_up:
            tally.follow_ups[follow_up] += 1
    return tallies


def _skills(workflow: Workflow, voters: set[int]) -> dict[int, Matrix]:
    """Return how far each voter is trusted; nobody's votes weigh differently in a majority, so nothing is read."""
    skills = dict.fromkeys(voters, skill_matrix(workflow.method, NEWCOMER))
    if workflow.method != Method.MAJORITY:
        for skill in Skill.objects.filter(workflow=workflow, volunteer__in=voters):
            skills[skill.volunteer_id] = skill_matrix(workflow.method, skill)
    return skills


def _rows(workflow: Workflow, entries: Sequence[QueueEntry]) -> dict[int, Consensus]:
    rows = {entry.subject_id: Consensus(workflow=workflow, subject_id=entry.subject_id, version=0) for entry in entries}
    for row in Consensus.objects.filter(workflow=workflow, subject__in=list(rows)):
        row.workflow = workflow
        rows[row.subject_id] = row
    return rows


def _sum_up(row: Consensus, tally: Tally, probability: float) -> None:
    answers = Counter(tally.answers)
    row.votes_yes, row.votes_no, row.votes_unsure = answers["yes"], answers["no"], answers["unsure"]
    row.follow_ups = dict(sorted(tally.follow_ups.items()))
    row.posterior = probability
    row.method = row.workflow.method
    row.version += 1
    row.updated_at = timezone.now()


def _retire(row: Consensus, entry: QueueEntry) -> None:
    """Retire or bring back by the votes; what a person retired stays so, and a gold subject is never retired."""
    if row.is_retired and row.retired_reason not in BY_VOTES:
        return
    reason = "" if entry.is_gold else reason_to_retire(row)
    row.is_retired, row.retired_reason = bool(reason), reason
    row.retired_at = (row.retired_at or timezone.now()) if reason else None


def _store(rows: Sequence[Consensus]) -> None:
    """Write the sums; a subject without votes has none, as before its first vote."""
    kept = [row for row in rows if row.votes or row.is_retired]
    Consensus.objects.bulk_create(
        kept, update_conflicts=True, unique_fields=["workflow", "subject"], update_fields=WRITTEN
    )
    empty = [row.pk for row in rows if row.pk and row not in kept]
    if empty:
        Consensus.objects.filter(pk__in=empty).delete()


def _update_queue(workflow: Workflow, entries: Sequence[QueueEntry], rows: dict[int, Consensus]) -> None:
    leases = Lease.objects.filter(entry__in=[entry.pk for entry in entries]).values_list("entry").annotate(Count("pk"))
    held = dict(leases)
    for entry in entries:
        row = rows[entry.subject_id]
        if not entry.is_gold:  # everybody may hold a gold subject
            entry.available = available(workflow, row.votes, held.get(entry.pk, 0))
        entry.is_retired = row.is_retired
    with connection.cursor() as cursor:
        cursor.execute(
            UPDATE_QUEUE,
            [
                [entry.pk for entry in entries],
                [entry.available for entry in entries],
                [entry.is_retired for entry in entries],
            ],
        )
