"""Newcomers: visitors who have classified nothing yet hold leases without a row, limited by address."""

from django.conf import settings
from django.db import transaction

from webapp.core.rate_limits import ByAddress
from webapp.core.sql import execute
from webapp.queue.models import Lease, QueueEntry
from webapp.volunteers.models import Volunteer

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
def settle(volunteer: Volunteer) -> None:
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
