"""Favourite subjects."""

from collections.abc import Iterable

from django.db import transaction

from webapp.archive.models import Subject
from webapp.archive.shared_subjects import share
from webapp.community.models import Favourite
from webapp.core.sql import fetch
from webapp.volunteers.identity import as_account, lock_person
from webapp.volunteers.models import Volunteer

AMONG = "SELECT subject_id FROM community_favourite WHERE volunteer_id = %s AND subject_id = ANY(%s::bigint[])"


@as_account
@transaction.atomic
def favour(volunteer: Volunteer, subject: Subject) -> None:
    """Make the subject a favourite; repeating it is safe."""
    if lock_person(volunteer):
        share([subject.pk])
        Favourite.objects.get_or_create(volunteer=volunteer, subject=subject)


def unfavour(volunteer: Volunteer, subject: int) -> None:
    """Remove the subject from the favourites, if it is one."""
    Favourite.objects.filter(volunteer=volunteer, subject=subject).delete()


def favourites_among(volunteer: Volunteer, subjects: Iterable[int]) -> frozenset[int]:
    """Return which of the subjects are favourites."""
    return frozenset(subject for (subject,) in fetch(AMONG, [volunteer.pk, list(subjects)]))
