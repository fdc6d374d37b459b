"""Favourites and collections of subjects."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.archive.models import Subject
from webapp.community.models import Collection, CollectionItem, Favourite
from webapp.volunteers.models import Volunteer

MOST_COLLECTIONS = 200
MOST_SUBJECTS = 5000


def favour(volunteer: Volunteer, subject: Subject) -> None:
    """Make the subject a favourite; repeating it is safe."""
    Favourite.objects.get_or_create(volunteer=volunteer, subject=subject)


def unfavour(volunteer: Volunteer, subject: int) -> None:
    """Remove the subject from the favourites, if it is one."""
    Favourite.objects.filter(volunteer=volunteer, subject=subject).delete()


def favourites_among(volunteer: Volunteer, subjects: Iterable[int]) -> frozenset[int]:
    """Return which of the subjects are favourites."""
    return frozenset(volunteer.favourites.filter(subject__in=list(subjects)).values_list("subject", flat=True))


@transaction.atomic
def open_collection(*, owner: Volunteer, name: str, description: str = "", is_public: bool = False) -> Collection:
    """Create a collection.

    Raises ValidationError: the name is empty, too long or a duplicate, or there are too many collections. Nothing is
    stored.
    """
    Volunteer.objects.select_for_update(no_key=True).get(pk=owner.pk)
    if owner.collections.count() >= MOST_COLLECTIONS:
        raise ValidationError(_("You have the maximum number of collections. Delete one first."))
    collection = Collection(owner=owner, name=name.strip(), description=description, is_public=is_public)
    collection.full_clean()
    collection.save()
    return collection


@transaction.atomic
def change_collection(collection: Collection, *, name: str, description: str, is_public: bool) -> None:
    """Change a collection's name and visibility.

    Raises ValidationError: the name is empty, too long or a duplicate. Nothing is changed.
    """
    Volunteer.objects.select_for_update(no_key=True).get(pk=collection.owner_id)
    collection.name, collection.description, collection.is_public = name.strip(), description, is_public
    collection.full_clean()
    collection.save()


@transaction.atomic
def collect(collection: Collection, subjects: Iterable[int]) -> int:
    """Add subjects to a collection; return its size. Unknown and duplicate ones are ignored.

    Raises ValidationError: it would become too large; nothing is added.
    """
    Collection.objects.select_for_update(no_key=True).get(pk=collection.pk)
    known = Subject.objects.filter(pk__in=list(subjects)[: MOST_SUBJECTS + 1]).values_list("pk", flat=True)
    items = [CollectionItem(collection=collection, subject_id=subject) for subject in known]
    CollectionItem.objects.bulk_create(items, ignore_conflicts=True)
    size = collection.items.count()
    if size > MOST_SUBJECTS:
        raise ValidationError(_("A collection holds at most %(most)d subjects.") % {"most": MOST_SUBJECTS})
    return size
