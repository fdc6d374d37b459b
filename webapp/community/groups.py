"""Groups of volunteers: opened by anyone with an account, joined by a link that ends, left at any time."""

import secrets
from datetime import timedelta

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.classifications.models import Classification
from webapp.community.group_models import Group, GroupMember
from webapp.core.locked_rows import locked_or_404
from webapp.volunteers.identity import account_volunteer, locked_account_volunteer
from webapp.volunteers.models import Volunteer

MOST_GROUPS = 20
MOST_MEMBERS = 500
DAYS = (1, 7, 30)
"""How long a link can last."""


@transaction.atomic
def open_group(*, user: User, name: str, description: str = "", is_class: bool = False) -> Group:
    """Create a group with its owner as the first member.

    Raises ValidationError for an empty or too long name, or one group too many.
    """
    owner = locked_account_volunteer(user)
    if owner.owned_groups.count() >= MOST_GROUPS:
        raise ValidationError(_("You have the maximum number of groups. Delete one first."))
    group = Group(owner=owner, name=name.strip(), description=description.strip(), is_class=is_class)
    group.full_clean()
    group.save()
    GroupMember.objects.create(group=group, volunteer=owner)
    return group


@transaction.atomic
def change_group(*, user: User, group: Group, name: str, description: str, is_class: bool) -> None:
    """Change a group of one's own; raises PermissionDenied for others, ValidationError for an invalid name."""
    _check_owner(user, group)
    locked_or_404(Group.objects.all(), group.pk)
    group.name, group.description, group.is_class = name.strip(), description.strip(), is_class
    group.full_clean()
    group.save(update_fields=["name", "description", "is_class"])


def delete_group(*, user: User, group: Group) -> None:
    """Delete a group of one's own; its members' classifications stay. Raises PermissionDenied for others."""
    _check_owner(user, group)
    group.delete()


@transaction.atomic
def renew_link(*, user: User, group: Group, days: int) -> None:
    """Make a new link by which people join for this many days; 0 makes none. The earlier link ends.

    Raises
    ------
    PermissionDenied
        The group is somebody else's. Nothing is changed.
    ValidationError
        The days are not among `DAYS`.
    """
    _check_owner(user, group)
    if days not in (0, *DAYS):
        raise ValidationError(_("Choose how long the link lasts."))
    locked_or_404(Group.objects.all(), group.pk)
    group.token = secrets.token_urlsafe(24) if days else None
    group.token_until = timezone.now() + timedelta(days=days) if days else None
    group.save(update_fields=["token", "token_until"])


def group_of_link(token: str) -> Group | None:
    """Return the group that a link leads to; None if it has ended."""
    return _with_link(token).select_related("owner__user__profile").first()


def _with_link(token: str) -> QuerySet[Group]:
    return Group.objects.filter(token=token, token_until__gt=timezone.now())


@transaction.atomic
def join(*, user: User, token: str) -> Group:
    """Join a group by its link; repeating it is safe. Raises ValidationError: the link has ended, or it is full."""
    group = _with_link(token).select_for_update(no_key=True).first()
    if group is None:
        raise ValidationError(_("This link has ended. Ask for a new one."))
    present = members_of(group)
    volunteer = account_volunteer(user)
    if not present.filter(volunteer=volunteer).exists():
        if present.count() >= MOST_MEMBERS:
            raise ValidationError(_("This group has the maximum number of members."))
        GroupMember.objects.create(group=group, volunteer=volunteer)
    return group


def leave(*, user: User, group: Group) -> None:
    """Leave a group; what one classified in it still counts for it. Repeating it is safe."""
    members_of(group).filter(volunteer=account_volunteer(user)).update(left_at=timezone.now())


def remove_member(*, user: User, group: Group, member: int) -> None:
    """End somebody's membership in a group of one's own; raises PermissionDenied for others."""
    _check_owner(user, group)
    members_of(group).filter(pk=member).update(left_at=timezone.now())


def members_of(group: Group) -> QuerySet[GroupMember]:
    """Return who belongs to the group now."""
    return GroupMember.objects.filter(group=group, left_at=None)


def members_for(*, user: User, group: Group) -> QuerySet[GroupMember]:
    """Return the members of a group of one's own, to name them; raises PermissionDenied for others."""
    _check_owner(user, group)
    return members_of(group).select_related("volunteer__user__profile")


def owns(volunteer: Volunteer | None, group: Group) -> bool:
    return volunteer is not None and group.owner_id == volunteer.pk


def answers_of_group(group: Group) -> QuerySet[Classification]:
    """Return what members classified while they belonged to the group."""
    place = "volunteer__group_memberships__"
    ended = Q(**{f"{place}left_at": None}) | Q(created_at__lt=F(f"{place}left_at"))
    began = {f"{place}group": group, "created_at__gte": F(f"{place}joined_at")}
    return Classification.objects.standing().filter(ended, **began)


def _check_owner(user: User, group: Group) -> None:
    if group.owner_id != account_volunteer(user).pk:
        raise PermissionDenied(_("Only the owner of a group can do this. Nothing was changed."))
