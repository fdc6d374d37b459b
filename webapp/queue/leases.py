"""Lease the next subjects of a workflow; release expired leases; newcomers hold leases without a row.

Locks are taken in one order everywhere: the volunteer, then queue entries by primary key, then leases. Entries that
somebody else is just being handed are passed over, so that handing out waits for nobody.
"""

from collections import Counter, defaultdict
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.core.rate_limits import ByAddress
from webapp.core.sql import Columns, execute, fetch
from webapp.queue.models import Lease, QueueEntry
from webapp.queue.sampling import Drawn, draw
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


class NewcomerRate(ByAddress):
    """What visitors who have answered nothing ask for: enough for a class that begins at once behind one address."""

    scope = "newcomer"

    def get_rate(self) -> str:
        """Read the rate when it is asked for."""
        return str(settings.THROTTLE_NEWCOMERS)


def lock_newcomer(newcomer: Volunteer) -> None:
    """Let two requests of one newcomer wait for each other until the transaction ends."""
    execute(LOCK, [str(newcomer.key)])


@transaction.atomic
def settle_leases(volunteer: Volunteer) -> None:
    """Make a newcomer a volunteer, who holds what they held; one who is that already stays as they are."""
    if volunteer.pk is not None:
        return
    lock_newcomer(volunteer)
    row, _is_new = Volunteer.objects.get_or_create(key=volunteer.key)
    leases = Lease.objects.filter(newcomer=volunteer.key)
    entries = QueueEntry.objects.filter(leases__in=leases).order_by("pk")
    list(entries.select_for_update(of=("self",), no_key=True).values_list("pk"))
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

# Two tabs wait for each other here. Nobody waits for the disk: a lease that a crash of the server forgets does no harm.
BEGIN = """
    SELECT set_config('synchronous_commit', 'off', true) FROM volunteers_volunteer WHERE id = %s FOR NO KEY UPDATE
"""

OWN_LEASES = f"""
    SELECT {LEASE.sql}, {ENTRY.sql}, {SUBJECT.sql}
    FROM queue_lease AS lease
    JOIN queue_queueentry AS entry ON entry.id = lease.entry_id
    JOIN archive_subject AS subject ON subject.id = entry.subject_id
    WHERE lease.{{column}} = %(holder)s AND entry.workflow_id = %(workflow)s
        AND (entry.is_gold OR NOT entry.is_retired)
    ORDER BY lease.id
"""  # noqa: S608  # column names of our own models

RENEW = "UPDATE queue_lease SET expires_at = %s WHERE id = ANY(%s) RETURNING id, expires_at"

# What is lent is what is taken: the slots that go down are those of the leases that were made, and no others.
LEND = f"""
    WITH lease AS (
        INSERT INTO queue_lease (entry_id, volunteer_id, newcomer, reason, expires_at)
        SELECT entry, %(volunteer)s::bigint, %(newcomer)s::uuid, reason, %(expires_at)s
        FROM unnest(%(entries)s::bigint[], %(reasons)s::text[]) WITH ORDINALITY AS drawn (entry, reason, place)
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
    """Return how many subjects the volunteer may hold ahead: a visitor at first few, and more the more they answer."""
    if volunteer.user_id is not None:
        return MOST_LEASES
    if volunteer.pk is None:
        return FOR_NEWCOMERS
    answers = Classification.objects.standing().filter(volunteer=volunteer, workflow=workflow)
    return max(FOR_VISITORS, answers[:MOST_LEASES].count())


def lease_next(volunteer: Volunteer, workflow: Workflow, n: int) -> list[Lease]:
    """Hand up to `n` subjects to the volunteer, first those that they hold already.

    Asking twice, in one tab or in two, gives the same subjects. Each further place is drawn by itself: a gold subject
    with the probability that `workflow.training_schedule` says; else, with probability `workflow.random_fraction`,
    one at random; else the first by priority. Nobody is handed what they have answered, or what needs no more people
    than hold it. A volunteer that is not stored is a newcomer, known by the key in their cookie.
    """
    leases = _lease(volunteer, workflow, n)
    if not leases and workflow.is_active and release_expired(workflow):
        leases = _lease(volunteer, workflow, n)
    return leases


@transaction.atomic
def _lease(volunteer: Volunteer, workflow: Workflow, n: int) -> list[Lease]:
    volunteer = _lock(volunteer)
    own = _own_leases(volunteer, workflow)[: min(n, MOST_LEASES)]
    missing = min(n, MOST_LEASES) - len(own)
    if not missing or not workflow.is_active:
        return own
    return own + _lend(volunteer, draw(volunteer, workflow, missing, [lease.entry_id for lease in own]))


def _lock(volunteer: Volunteer) -> Volunteer:
    """Lock the volunteer; a newcomer whose first answer came meanwhile is a volunteer now."""
    if volunteer.pk is not None:
        fetch(BEGIN, [volunteer.pk])
        return volunteer
    lock_newcomer(volunteer)
    return Volunteer.objects.filter(key=volunteer.key).first() or volunteer


def _own_leases(volunteer: Volunteer, workflow: Workflow) -> list[Lease]:
    """Return the open leases of the volunteer, in the order they were given; those that ran out are renewed."""
    column = "newcomer" if volunteer.pk is None else "volunteer_id"
    value = volunteer.key if volunteer.pk is None else volunteer.pk
    leases = _leases(OWN_LEASES.format(column=column), {"holder": value, "workflow": workflow.pk})
    stale = {lease.pk for lease in leases if lease.expires_at <= timezone.now()}
    if not stale:
        return leases
    renewed = dict(fetch(RENEW, [timezone.now() + settings.LEASE_FOR, list(stale)]))
    for lease in leases:
        lease.expires_at = renewed.get(lease.pk, lease.expires_at)
    return [lease for lease in leases if lease.pk in renewed or lease.pk not in stale]


def _lend(volunteer: Volunteer, drawn: list[Drawn]) -> list[Lease]:
    if not drawn:
        return []
    return _leases(
        LEND,
        {
            "volunteer": volunteer.pk,
            "newcomer": volunteer.key if volunteer.pk is None else None,
            "entries": [each.entry for each in drawn],
            "reasons": [each.reason for each in drawn],
            "expires_at": timezone.now() + settings.LEASE_FOR,
        },
    )


def _leases(sql: str, parameters: dict[str, Any]) -> list[Lease]:
    leases = []
    for row in fetch(sql, parameters):
        lease = LEASE.build(row[: len(LEASE)])
        lease.entry = ENTRY.build(row[len(LEASE) : -len(SUBJECT)])
        lease.entry.subject = SUBJECT.build(row[-len(SUBJECT) :])
        leases.append(lease)
    return leases


@transaction.atomic
def release_expired(workflow: Workflow | None = None, limit: int = 1000) -> int:
    """Take back the leases that ran out, so that their slots are free again; return how many."""
    expired = Lease.objects.filter(expires_at__lte=timezone.now())
    if workflow is not None:
        expired = expired.filter(entry__workflow=workflow)
    entries = (
        QueueEntry.objects.filter(pk__in=expired.values("entry")[:limit])
        .order_by("pk")
        .select_for_update(skip_locked=True, no_key=True)
    )
    locked = list(expired.filter(entry__in=[entry.pk for entry in entries]).select_for_update(of=("self",)))
    for size, group in _by_count(locked).items():
        QueueEntry.objects.filter(pk__in=group, is_gold=False).update(open_slots=F("open_slots") + size)
    Lease.objects.filter(pk__in=[lease.pk for lease in locked]).delete()
    return len(locked)


def _by_count(leases: list[Lease]) -> dict[int, list[int]]:
    """Group entries by how many of the leases are theirs."""
    groups: dict[int, list[int]] = defaultdict(list)
    for entry, count in Counter(lease.entry_id for lease in leases).items():
        groups[count].append(entry)
    return groups
