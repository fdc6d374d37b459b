"""The queue: who gets which subject next, and for how long.

Locks are taken in one order everywhere: the volunteer, the volunteer's leases, then queue entries by primary key.
Only this order is safe with the writers in webapp.consensus, which lock entries the same way.
"""

import random
from collections import Counter, defaultdict
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from webapp.volunteers.models import Classification, Lease, QueueEntry, Reason, Volunteer, Workflow

MOST_LEASES = 50


def lease_next(volunteer: Volunteer, workflow: Workflow, n: int) -> list[Lease]:
    """Hand up to `n` subjects to the volunteer, first those that they hold already.

    Asking twice, in one tab or in two, gives the same subjects. Each further place is drawn by itself: a gold subject
    with probability `workflow.training_rate`; else, with probability `workflow.random_fraction`, one at random; else
    the first by priority. Nobody is handed what they have answered, or what needs no more people than hold it.
    """
    leases = _lease(volunteer, workflow, n)
    if not leases and workflow.is_active and release_expired(workflow):
        leases = _lease(volunteer, workflow, n)
    return leases


@transaction.atomic
def _lease(volunteer: Volunteer, workflow: Workflow, n: int) -> list[Lease]:
    Volunteer.objects.select_for_update(no_key=True).get(pk=volunteer.pk)
    expires_at = timezone.now() + settings.LEASE_FOR
    held = _held(volunteer, workflow, expires_at)[: min(n, MOST_LEASES)]
    missing = min(n, MOST_LEASES) - len(held)
    if not missing or not workflow.is_active:
        return held
    drawn = _draw(volunteer, workflow, missing)
    slots = [entry.pk for entry, reason in drawn if reason != Reason.TRAINING]
    QueueEntry.objects.filter(pk__in=slots).update(available=F("available") - 1)
    return held + Lease.objects.bulk_create(
        Lease(entry=entry, volunteer=volunteer, reason=reason, expires_at=expires_at) for entry, reason in drawn
    )


def _held(volunteer: Volunteer, workflow: Workflow, expires_at: datetime) -> list[Lease]:
    """Return the open leases of the volunteer, in the order they were given; those that ran out are renewed."""
    leases = list(
        Lease.objects.filter(volunteer=volunteer, entry__workflow=workflow, entry__is_retired=False)
        .select_related("entry__subject")
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    stale = [lease for lease in leases if lease.expires_at <= timezone.now()]
    if stale:
        Lease.objects.filter(pk__in=[lease.pk for lease in stale]).update(expires_at=expires_at)
    return leases


def _draw(volunteer: Volunteer, workflow: Workflow, n: int) -> list[tuple[QueueEntry, str]]:
    plan = _plan(workflow, n)
    gold = _gold(volunteer, workflow, plan.count(Reason.TRAINING))
    at_random = _at_random(volunteer, workflow, plan.count(Reason.RANDOM))
    taken = [entry.pk for entry in at_random]
    first = _first(volunteer, workflow, n - len(gold) - len(at_random), taken)
    drawn: list[tuple[QueueEntry, str]] = []
    for reason in plan:
        if reason == Reason.TRAINING and gold:
            drawn.append((gold.pop(), Reason.TRAINING))
        elif reason == Reason.RANDOM and at_random:
            drawn.append((at_random.pop(), Reason.RANDOM))
        elif first:
            entry = first.pop(0)
            drawn.append((entry, entry.reason))
    drawn += [(entry, entry.reason) for entry in first]
    return drawn


def _plan(workflow: Workflow, n: int) -> list[Reason]:
    """Draw the reason of each place, so that nobody can tell from the order which ones are training."""
    return [
        Reason.TRAINING
        if random.random() < workflow.training_rate
        else Reason.RANDOM
        if random.random() < workflow.random_fraction
        else Reason.NEW
        for _ in range(n)
    ]


def _unseen(volunteer: Volunteer, workflow: Workflow) -> QuerySet[QueueEntry]:
    """Entries of the workflow that the volunteer neither holds nor has answered."""
    answered = Classification.objects.standing().filter(
        volunteer=volunteer, workflow=workflow, subject=OuterRef("subject")
    )
    held = Lease.objects.filter(volunteer=volunteer, entry=OuterRef("pk"))
    return QueueEntry.objects.filter(~Exists(answered), ~Exists(held), workflow=workflow).select_related("subject")


def _open(volunteer: Volunteer, workflow: Workflow) -> QuerySet[QueueEntry]:
    """Unseen entries with a free slot, locked; those that somebody else is just being handed are passed over."""
    return (
        _unseen(volunteer, workflow)
        .filter(is_gold=False, is_retired=False, available__gt=0)
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
    )


def _first(volunteer: Volunteer, workflow: Workflow, n: int, taken: list[int]) -> list[QueueEntry]:
    entries = _open(volunteer, workflow).exclude(pk__in=taken).order_by("-priority", "pk")
    return list(entries[:n]) if n else []


def _at_random(volunteer: Volunteer, workflow: Workflow, n: int) -> list[QueueEntry]:
    """Draw the first of the shuffled order, which no model and no vote has a hand in: an unbiased sample.

    Everybody draws from its same end, so that the sample's subjects are settled one after another; a new point for
    each draw would scatter the votes over so many subjects that few were ever settled.
    """
    return list(_open(volunteer, workflow).order_by("shuffle")[:n]) if n else []


def _gold(volunteer: Volunteer, workflow: Workflow, n: int) -> list[QueueEntry]:
    """Draw gold subjects; everybody may hold the same one, so nothing is locked."""
    return _from_random_point(_unseen(volunteer, workflow).filter(is_gold=True, is_retired=False), n) if n else []


def _from_random_point(entries: QuerySet[QueueEntry], n: int) -> list[QueueEntry]:
    point = random.random()
    shuffled = entries.order_by("shuffle")
    found = list(shuffled.filter(shuffle__gte=point)[:n])
    if len(found) < n:
        found += shuffled.filter(shuffle__lt=point)[: n - len(found)]
    return found


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
    held = list(expired.filter(entry__in=[entry.pk for entry in entries]).select_for_update(of=("self",)))
    for size, group in _by_count(held).items():
        QueueEntry.objects.filter(pk__in=group, is_gold=False).update(available=F("available") + size)
    Lease.objects.filter(pk__in=[lease.pk for lease in held]).delete()
    return len(held)


def _by_count(leases: list[Lease]) -> dict[int, list[int]]:
    """Group entries by how many of the leases are theirs."""
    groups: dict[int, list[int]] = defaultdict(list)
    for entry, count in Counter(lease.entry_id for lease in leases).items():
        groups[count].append(entry)
    return groups
