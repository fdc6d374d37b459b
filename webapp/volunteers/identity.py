"""Identify the volunteer of a request (account or signed cookie), and their pseudonym in exported files.

Pseudonyms are keyed with the site's secret (SECRET_KEY), so they last as long as it does, and without it nobody can
identify a volunteer, not even by trying all user names.
"""

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from webapp.core.sql import fetch
from webapp.volunteers.models import Volunteer

COOKIE = "wanderer"
SALT = "webapp.volunteers.identity"
YEAR = 365 * 24 * 3600


def volunteer_of(request: HttpRequest) -> Volunteer:
    """Return the account's volunteer, else the cookie's visitor, else an unsaved newcomer.

    Pass a visitor to `remember` with the response, or the next request is anonymous again.
    """
    if request.user.is_authenticated:
        return account_volunteer(request.user)
    return visitor_or_newcomer(request) or Volunteer()


def account_volunteer(user: Any) -> Volunteer:
    """Return the volunteer of a signed-in user, created on first use."""
    volunteer: Volunteer | None = getattr(user, "volunteer", None)
    return volunteer or Volunteer.objects.get_or_create(user=user)[0]


def locked_account_volunteer(user: Any) -> Volunteer:
    """Return the volunteer of a signed-in user, locked until the transaction ends, so that limits hold.

    Raises PermissionDenied: the account was deleted while this waited.
    """
    volunteer = _locked(Q(pk=account_volunteer(user).pk, user=user))
    if volunteer is None:
        raise PermissionDenied(_("This account was deleted. Nothing has changed."))
    return volunteer


def lock_person(volunteer: Volunteer) -> bool:
    """Lock a volunteer until the transaction ends; return whether they are still there, and not a deleted account's.

    Raises HasJoined.
    """
    row = _locked(Q(pk=volunteer.pk, user=volunteer.user_id))
    if row is not None and row.merged_into_id is not None:
        raise HasJoined(row.merged_into_id)
    return row is not None


class HasJoined(Exception):
    """The visitor has joined an account; see `as_account`."""

    def __init__(self, account: int) -> None:
        super().__init__(account)
        self.account = account


P = ParamSpec("P")
T = TypeVar("T")


def as_account(
    change: Callable[Concatenate[Volunteer, P], T],
) -> Callable[Concatenate[Volunteer, P], T]:
    """Decorate a volunteer's change in one transaction: if the visitor has joined an account, it begins anew as that.

    So nobody waits for an account with its visitor locked, which others lock in the order of their keys.
    """

    @wraps(change)
    def changed(volunteer: Volunteer, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return change(volunteer, *args, **kwargs)
        except HasJoined as joined:
            account = Volunteer.objects.filter(pk=joined.account, user__isnull=False).first()
        return changed(account or Volunteer(pk=GONE), *args, **kwargs)

    return changed


GONE = -1
"""The key of somebody whose account was deleted."""


def _locked(which: Q) -> Volunteer | None:
    return Volunteer.objects.select_for_update(no_key=True).filter(which).first()


STAYING = "SELECT id FROM volunteers_volunteer WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE"


def staying(volunteers: Collection[int]) -> set[int]:
    """Return those of some volunteers who have not just left; until the transaction ends, they stay."""
    return {pk for (pk,) in fetch(STAYING, [list(volunteers)])} if volunteers else set()


def visitor_of(request: HttpRequest) -> Volunteer | None:
    """Return the cookie's visitor; none after a merge into an account, or for a forged cookie."""
    key = _key(request)
    return Volunteer.objects.filter(key=key, user=None, merged_into=None).first() if key else None


def visitor_or_newcomer(request: HttpRequest) -> Volunteer | None:
    """Return the cookie's visitor, or an unsaved volunteer if they have never answered.

    In a single query: between two, a first answer could turn the newcomer into a visitor, and both would miss them.
    """
    key = _key(request)
    if key is None:
        return None
    row = Volunteer.objects.filter(key=key).first()
    if row is None:
        return Volunteer(key=key)
    return row if row.user_id is None and row.merged_into_id is None else None


def _key(request: HttpRequest) -> uuid.UUID | None:
    signed = request.get_signed_cookie(COOKIE, default=None, salt=SALT)
    try:
        return uuid.UUID(signed) if signed else None
    except ValueError:
        return None


def remember(response: HttpResponseBase, volunteer: Volunteer) -> None:
    """Set the visitor's cookie; an account needs none."""
    if volunteer.user_id is None:
        response.set_signed_cookie(
            COOKIE,
            volunteer.key.hex,
            salt=SALT,
            max_age=YEAR,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )


def forget(response: HttpResponseBase) -> None:
    """Delete the cookie of a visitor who now has an account."""
    response.delete_cookie(COOKIE, samesite="Lax")


def reader_of(request: HttpRequest) -> Volunteer | None:
    """Return the requesting volunteer, if known; reading creates none."""
    if request.user.is_authenticated:
        return account_volunteer(request.user)
    return visitor_of(request)


PSEUDONYM_SALT = "webapp.volunteers.pseudonyms"
REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """A volunteer in Panoptes' three columns; `user_id` is None for a visitor, as there."""

    user_name: str
    user_id: int | None
    user_ip: str


@lru_cache(REMEMBERED)
def pseudonym(key: UUID, has_account: bool) -> Pseudonym:
    """Return the pseudonym for this volunteer key. The site stores no IP addresses, so `user_ip` is made up too."""
    digest = salted_hmac(PSEUDONYM_SALT, key.hex, algorithm="sha256").digest()
    address = digest[16:26].hex()
    if not has_account:
        return Pseudonym(f"not-logged-in-{address}", None, address)
    return Pseudonym(f"volunteer-{digest[:8].hex()}", int.from_bytes(digest[8:14], "big"), address)
