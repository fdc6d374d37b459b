"""Collections of subjects: ordered by hand, edited together, and turned into subject sets by scientists."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, Max, Q, QuerySet
from django.utils.translation import gettext as _

from webapp.archive.models import Membership, Role, Subject, SubjectSet, Survey
from webapp.archive.shared_subjects import share
from webapp.community.models import Collection, CollectionItem
from webapp.core.locked_rows import locked_or_404
from webapp.queue.entries import waiting_for
from webapp.queue.membership import add_to_set
from webapp.volunteers.identity import account_volunteer, locked_account_volunteer
from webapp.volunteers.models import Volunteer

MOST_COLLECTIONS = 200
MOST_SUBJECTS = 5000
MOST_EDITORS = 20
LONGEST_SET_NAME = 120


@transaction.atomic
def open_collection(*, owner: Volunteer, name: str, description: str = "", is_public: bool = False) -> Collection:
    """Create a collection.

    Raises ValidationError: the name is empty, too long or a duplicate, or there are too many collections. Nothing is
    stored.
    """
    owner = locked_account_volunteer(owner.user)
    if owner.collections.count() >= MOST_COLLECTIONS:
        raise ValidationError(_("You have the maximum number of collections. Delete one first."))
    if not name.strip():
        raise ValidationError(_("Name the collection."))
    collection = Collection(owner=owner, name=name.strip(), description=description, is_public=is_public)
    collection.full_clean()
    collection.save()
    return collection


@transaction.atomic
def change_collection(collection: Collection, *, name: str, description: str, is_public: bool) -> None:
    """Change a collection's name and visibility.

    Raises ValidationError: the name is empty, too long or a duplicate. Nothing is changed.
    """
    locked_or_404(Volunteer.objects.all(), collection.owner_id)  # who has no other of that name
    locked_or_404(Collection.objects.all(), collection.pk)
    collection.name, collection.description, collection.is_public = name.strip(), description, is_public
    collection.full_clean()
    collection.save()


@transaction.atomic
def collect(collection: Collection, subjects: Iterable[int]) -> int:
    """Add subjects at the front of a collection; return its size. Unknown and duplicate ones are ignored.

    Raises ValidationError: it would become too large; nothing is added.
    """
    locked_or_404(Collection.objects.all(), collection.pk)
    keys = list(subjects)[: MOST_SUBJECTS + 1]
    share(keys)
    known = Subject.objects.filter(pk__in=keys).order_by("pk")
    first = (collection.items.aggregate(last=Max("position"))["last"] or 0) + 1
    items = [
        CollectionItem(collection=collection, subject_id=subject, position=position)
        for position, subject in enumerate(known.values_list("pk", flat=True), first)
    ]
    CollectionItem.objects.bulk_create(items, ignore_conflicts=True)
    size = collection.items.count()
    if size > MOST_SUBJECTS:
        raise ValidationError(_("A collection holds at most %(most)d subjects.") % {"most": MOST_SUBJECTS})
    return size


def items_for(collection: Collection, user: User | AnonymousUser, reader: Volunteer | None) -> QuerySet[CollectionItem]:
    """Return the collection's subjects that the reader may see, in order.

    Its name may tell their class. So a reader who does not edit it sees none that they may still be asked about, except
    as a scientist.
    """
    if may_edit(collection, reader):
        return collection.items.all()
    surveys = Membership.objects.surveys(user, Role.SCIENTIST)
    return collection.items.filter(~Exists(waiting_for(reader, "subject")) | Q(subject__survey__in=surveys))


def may_edit(collection: Collection, reader: Volunteer | None) -> bool:
    """Return whether the reader may add, remove and order subjects: its owner, and whom the owner chose."""
    if reader is None:
        return False
    return collection.owner_id == reader.pk or collection.editors.filter(pk=reader.pk).exists()


def check_editor(collection: Collection, reader: Volunteer | None) -> None:
    """Raise PermissionDenied if the reader may not edit the collection's subjects."""
    if not may_edit(collection, reader):
        raise PermissionDenied(_("This isn't your collection. Nothing was changed."))


def check_owner(collection: Collection, reader: Volunteer | None) -> None:
    """Raise PermissionDenied if the collection is somebody else's."""
    if reader is None or collection.owner_id != reader.pk:
        raise PermissionDenied(_("This isn't your collection. Nothing was changed."))


@transaction.atomic
def move(collection: Collection, *, subject: int, is_forward: bool) -> None:
    """Exchange a subject with the one before it (forward) or after it; at the end, nothing changes."""
    locked_or_404(Collection.objects.all(), collection.pk)
    item = collection.items.filter(subject=subject).first()
    if item is None:
        return
    others = collection.items.filter(**{f"position__{'gt' if is_forward else 'lt'}": item.position})
    other = others.order_by("position" if is_forward else "-position").first()
    if other is not None:
        item.position, other.position = other.position, item.position
        CollectionItem.objects.bulk_update([item, other], ["position"])


@transaction.atomic
def add_editor(collection: Collection, *, username: str) -> None:
    """Let somebody edit a collection too.

    Raises ValidationError: there is no such account, it is the owner's, or there are too many editors.
    """
    locked_or_404(Collection.objects.all(), collection.pk)
    user = User.objects.filter(username=username.strip(), is_active=True).first()
    if user is None or account_volunteer(user).pk == collection.owner_id:
        raise ValidationError(_("There is no other account with this user name."))
    if collection.editors.count() >= MOST_EDITORS:
        raise ValidationError(_("A collection has at most %(most)d editors.") % {"most": MOST_EDITORS})
    collection.editors.add(account_volunteer(user))


@transaction.atomic
def make_set_of(collection: Collection, *, user: User, survey: Survey) -> tuple[SubjectSet, int]:
    """Put a collection's subjects of a survey into a subject set named for it; return it with its size. It only grows.

    Synthetic subjects stay out.

    Raises
    ------
    PermissionDenied
        The user is no scientist of the survey. Nothing is changed.
    ValidationError
        The collection has no subject of the survey.
    """
    if not Membership.objects.allows(user, survey, Role.SCIENTIST):
        raise PermissionDenied(_("Only scientists of the survey can do this. Nothing was changed."))
    subjects = Subject.objects.filter(collection_items__collection=collection, survey=survey, is_synthetic=False)
    keys = list(subjects.values_list("pk", flat=True))
    if not keys:
        raise ValidationError(_("The collection has no subject of this survey."))
    ending = f" (collection {collection.pk})"
    name = collection.name[: LONGEST_SET_NAME - len(ending)] + ending
    row = add_to_set(survey, name, keys)
    return row, row.subjects.count()
