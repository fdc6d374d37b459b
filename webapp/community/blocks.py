"""Blocking: one person no longer reads another's comments at first sight, nor hears of their mentions and replies."""

from collections.abc import Collection

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from webapp.community.models import Block
from webapp.volunteers.identity import account_volunteer
from webapp.volunteers.models import Volunteer

MOST_BLOCKS = 500


def block(*, user: User, blocked: Volunteer) -> None:
    """Block somebody; repeating it is safe. Raises ValidationError: it is oneself, or there are too many."""
    volunteer = account_volunteer(user)
    if blocked.pk == volunteer.pk:
        raise ValidationError(_("You can't block yourself."))
    if volunteer.blocks.count() >= MOST_BLOCKS:
        raise ValidationError(_("You have blocked the maximum number of people."))
    Block.objects.get_or_create(volunteer=volunteer, blocked=blocked)


def unblock(*, user: User, blocked: int) -> None:
    """Take back one's own block, if there is one."""
    Block.objects.filter(volunteer=account_volunteer(user), blocked=blocked).delete()


def blocked_by(reader: Volunteer | None, authors: Collection[int | None]) -> set[int]:
    """Return which of the authors the reader has blocked."""
    if reader is None:
        return set()
    return set(Block.objects.filter(volunteer=reader, blocked__in=authors).values_list("blocked", flat=True))


def without_blockers(author: Volunteer | None, people: set[int]) -> set[int]:
    """Return the people who have not blocked the author."""
    return people - set(Block.objects.filter(blocked=author, volunteer__in=people).values_list("volunteer", flat=True))
