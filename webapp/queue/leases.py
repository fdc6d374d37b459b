"""Lease the next subjects of a workflow; release expired leases; newcomers hold leases without a row.

Locks are taken in one order everywhere: the volunteer, then queue entries by primary key, then leases. Locked entries
are skipped, so assigning takes them in any order. But PostgreSQL, which skips an entry that is locked, waits for one
that is locked again just as it looks (`heap_lock_updated_tuple`), and two who wait for each other would be a deadlock.
So assigning waits a moment at most for an entry, and then begins anew.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from psycopg.errors import LockNotAvailable

from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.core.postgresql.retry import retry_on
from webapp.core.rate_limits import ByAddress
from webapp.core.sql import PLAN_ONCE, Columns, execute, fetch
from webapp.queue.counts import ANSWERED
from webapp.queue.entries import lock_of_several
from webapp.queue.models import Lease, QueueEntry
from webapp.queue.sampling import DrawnEntry, draw_entries
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

LOCK = f"SELECT pg_advisory_xact_lock(hashtextextended(%s, 0)), {PLAN_ONCE}"
MOMENT = 100  # ms; a deadlock is broken after a second
BRIEFLY = f"set_config('lock_timeout', '{MOMENT}', true)"


class NewcomerRate(ByAddress):
    """Rate limit of visitors who have answered nothing: enough for a school class behind one address."""

    scope = "newcomer"

    def get_rate(self) -> str | None:
        """Read the rate on demand; an empty one is no limit."""
        return settings.THROTTLE_NEWCOMERS or None


def lock_newcomer(newcomer: Volunteer) -> None:
    """Serialise requests of one newcomer until the transaction ends."""
    execute(LOCK, [str(newcomer.key)])


def store_newcomer(volunteer: Volunteer) -> None:
    """Turn a newcomer into a stored volunteer, with their leases; a volunteer stays as they are."""
    if volunteer.pk is None:
        _store(volunteer)


@transaction.atomic
def _store(volunteer: Volunteer) -> None:
    lock_newcomer(volunteer)
    row, _is_new = Volunteer.objects.get_or_create(key=volunteer.key)
    leases = Lease.objects.filter(newcomer=volunteer.key)
    lock_of_several(QueueEntry.objects.filter(leases__in=leases))
    leases.update(volunteer=row, newcomer=None)
    volunteer.pk = row.pk
    volunteer.refresh_from_db()


MOST_LEASES = 50
FOR_VISITORS = 10
FOR_NEWCOMERS = 5

LEASE = Columns(Lease, "lease")
ENTRY = Columns(QueueEntry, "entry")
SUBJECT = Columns(
    Subject,
    "subject",
    "id",
    "survey_id",
    "external_id",
    "kind",
    "checksum",
    "zarr_array",
    "rate",
    "ra",
    "dec",
    "metadata",
)

# Two tabs are serialised here: that may take its time, as any lock, so the limit is set after it. No waiting for the
# disk: losing a lease in a server crash does no harm.
BEGIN = f"""
    SELECT set_config('synchronous_commit', 'off', true), {BRIEFLY}, {PLAN_ONCE}
    FROM (
        SELECT FROM volunteers_volunteer
        WHERE id = %s AND user_id IS NOT DISTINCT FROM %s::int AND merged_into_id IS NULL FOR NO KEY UPDATE
    ) AS locked
"""  # noqa: S608  # no values

BEGIN_NEWCOMER = f"{LOCK}, {BRIEFLY}"

# One row at least: without leases it has the number alone.
OWN = f"""
    SELECT own.answered, {LEASE.sql}, {ENTRY.sql}, {SUBJECT.sql}
    FROM ({ANSWERED}) AS own (answered)
    LEFT JOIN (
        queue_lease AS lease
        JOIN queue_queueentry AS entry ON entry.id = lease.entry_id AND entry.workflow_id = %(workflow)s
            AND (entry.is_gold OR NOT entry.is_retired)
        JOIN archive_subject AS subject ON subject.id = entry.subject_id
    ) ON lease.{{column}} = %(holder)s
    ORDER BY lease.id
"""  # noqa: S608  # column names of our own models

RENEW = "UPDATE queue_lease SET expires_at = %s WHERE id = ANY(%s) RETURNING id, expires_at"

# Slots are taken exactly for the leases that were inserted.
LEND = f"""
    WITH lease AS (
        INSERT INTO queue_lease (entry_id, volunteer_id, newcomer, reason, expires_at)
        SELECT entry, %(volunteer)s::bigint, %(newcomer)s::uuid, reason, %(expires_at)s
        FROM unnest((SELECT %(entries)s::bigint[]), %(reasons)s::text[])
            WITH ORDINALITY AS drawn (entry, reason, place)
        WHERE EXISTS (
            SELECT FROM queue_queueentry AS open JOIN archive_subject AS subject ON subject.id = open.subject_id
            WHERE open.id = drawn.entry AND subject.pixels_dropped_at IS NULL
        )
        ORDER BY place
        ON CONFLICT DO NOTHING
        RETURNING *
    ), taken AS (
        UPDATE queue_queueentry AS entry SET open_slots = entry.open_slots - 1
        FROM lease WHERE entry.id = lease.entry_id AND NOT entry.is_gold
    )
    SELECT {LEASE.sql}, {ENTRY.sql}, {SUBJECT.sql}
    FROM lease
    JOIN queue_queueentry AS entry ON entry.id = lease.entry_id
    JOIN archive_subject AS subject ON subject.id = entry.subject_id
    ORDER BY lease.id
"""  # noqa: S608  # column names of our own models


def most_leases(volunteer: Volunteer, workflow: Workflow) -> int:
    """Return how many subjects the volunteer may hold: a visitor few at first, more as they answer."""
    if volunteer.user_id is not None:
        return MOST_LEASES
    if volunteer.pk is None:
        return FOR_NEWCOMERS
    answers = Classification.objects.standing().filter(volunteer=volunteer, workflow=workflow)
    return max(FOR_VISITORS, answers[:MOST_LEASES].count())


class Leased(NamedTuple):
    """What a volunteer holds now, and how many subjects of the workflow they have answered."""

    leases: list[Lease]
    answered: int


def lease_next(volunteer: Volunteer, workflow: Workflow, n: int) -> Leased:
    """Assign up to `n` subjects to the volunteer, starting with those they already hold.

    Asking twice, in one tab or two, gives the same subjects. Each further one is drawn separately: a gold subject with
    the probability of `workflow.training_schedule`; else, with probability `workflow.random_fraction`, a random one;
    else the first by priority. Nobody gets a subject that they have answered, or without open slots. An unsaved
    volunteer is a newcomer, known by the key in their cookie.
    """
    leased = _lease(volunteer, workflow, n)
    if not leased.leases and workflow.is_active and release_expired(workflow):
        leased = _lease(volunteer, workflow, n)
    return leased


@retry_on(LockNotAvailable, tries=100, level=logging.DEBUG)
@transaction.atomic
def _lease(volunteer: Volunteer, workflow: Workflow, n: int) -> Leased:
    locked = _lock(volunteer)
    if locked is None:
        return Leased([], 0)
    held, answered = _own(locked, workflow)
    leases = held[: min(n, MOST_LEASES)]
    missing = min(n, MOST_LEASES) - len(leases)
    if missing and workflow.is_active:
        leases += _lend(locked, draw_entries(locked, workflow, missing, [lease.entry_id for lease in leases], answered))
    return Leased(leases, answered)


def _lock(volunteer: Volunteer) -> Volunteer | None:
    """Lock the volunteer; a newcomer whose first answer arrived meanwhile is a volunteer now.

    None for one whose account was deleted meanwhile, and for a visitor who has joined one.
    """
    if volunteer.pk is not None:
        return volunteer if fetch(BEGIN, [volunteer.pk, volunteer.user_id]) else None
    fetch(BEGIN_NEWCOMER, [str(volunteer.key)])
    stored = Volunteer.objects.filter(key=volunteer.key).first()
    return volunteer if stored is None else _lock(stored)


def _own(volunteer: Volunteer, workflow: Workflow) -> Leased:
    """Return the volunteer's open leases, in the order they were given, renewing expired ones; and their answers."""
    column = "newcomer" if volunteer.pk is None else "volunteer_id"
    value = volunteer.key if volunteer.pk is None else volunteer.pk
    asked = {"holder": value, "volunteer": volunteer.pk, "workflow": workflow.pk}
    rows = fetch(OWN.format(column=column), asked)
    answered = rows[0][0]
    leases = [_lease_of(row[1:]) for row in rows if row[1] is not None]
    stale = {lease.pk for lease in leases if not lease.is_valid}
    if not stale:
        return Leased(leases, answered)
    renewed = dict(fetch(RENEW, [timezone.now() + settings.LEASE_FOR, list(stale)]))
    for lease in leases:
        lease.expires_at = renewed.get(lease.pk, lease.expires_at)
    return Leased([lease for lease in leases if lease.pk in renewed or lease.pk not in stale], answered)


def _lend(volunteer: Volunteer, drawn: list[DrawnEntry]) -> list[Lease]:
    if not drawn:
        return []
    rows = fetch(
        LEND,
        {
            "volunteer": volunteer.pk,
            "newcomer": volunteer.key if volunteer.pk is None else None,
            "entries": [each.entry for each in drawn],
            "reasons": [each.reason for each in drawn],
            "expires_at": timezone.now() + settings.LEASE_FOR,
        },
    )
    return [_lease_of(row) for row in rows]


def _lease_of(row: Sequence[Any]) -> Lease:
    lease: Lease = LEASE.build(row[: len(LEASE)])
    lease.entry = ENTRY.build(row[len(LEASE) : -len(SUBJECT)])
    lease.entry.subject = SUBJECT.build(row[-len(SUBJECT) :])
    return lease


@transaction.atomic
def release_expired(workflow: Workflow | None = None, limit: int = 1000) -> int:
    """Release expired leases and their slots; return how many."""
    expired = Lease.objects.expired()
    if workflow is not None:
        expired = expired.filter(entry__workflow=workflow)
    entries = (
        QueueEntry.objects.filter(pk__in=expired.values("entry")[:limit])
        .order_by("workflow_id", "pk")
        .select_for_update(skip_locked=True, no_key=True)
    )
    locked = list(expired.filter(entry__in=[entry.pk for entry in entries]).select_for_update(of=("self",)))
    for size, group in _by_count(locked).items():
        QueueEntry.objects.filter(pk__in=group, is_gold=False).update(open_slots=F("open_slots") + size)
    Lease.objects.filter(pk__in=[lease.pk for lease in locked]).delete()
    return len(locked)


def _by_count(leases: list[Lease]) -> dict[int, list[int]]:
    """Group entries by their number of these leases."""
    groups: dict[int, list[int]] = defaultdict(list)
    for entry, count in Counter(lease.entry_id for lease in leases).items():
        groups[count].append(entry)
    return groups
