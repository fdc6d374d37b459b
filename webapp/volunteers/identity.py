"""Identify the volunteer of a request (account or signed cookie), and their pseudonym in exported files.

They are keyed with the site's secret (SECRET_KEY), so they last as long as it does, and nobody without it can tell
from a pseudonym whose it is, not even by trying all user names.
"""

import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import salted_hmac

from webapp.volunteers.models import Volunteer

COOKIE = "wanderer"
SALT = "webapp.volunteers.identity"
YEAR = 365 * 24 * 3600


def volunteer_of(request: HttpRequest) -> Volunteer:
    """Return the account's volunteer, else the visitor whom the cookie names, else a newcomer, who is not stored.

    Hand a visitor to `remember` with the response, or the next request is a stranger's.
    """
    if request.user.is_authenticated:
        return account_volunteer(request.user)
    return visitor_or_newcomer(request) or Volunteer()


def account_volunteer(user: Any) -> Volunteer:
    """Return the volunteer of a signed-in user, made on first use."""
    volunteer: Volunteer | None = getattr(user, "volunteer", None)
    return volunteer or Volunteer.objects.get_or_create(user=user)[0]


def visitor_of(request: HttpRequest) -> Volunteer | None:
    """Return the visitor whom the cookie names; none after they were merged into an account, or for a forged one."""
    key = _key(request)
    return Volunteer.objects.filter(key=key, user=None, merged_into=None).first() if key else None


def visitor_or_newcomer(request: HttpRequest) -> Volunteer | None:
    """Return whom the cookie names: a visitor, or a volunteer who is not stored if they have never answered.

    One look at the database: between two, a first answer could make the newcomer a visitor, who would then be neither.
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
    """Name the visitor in the browser's cookie; an account needs none."""
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
    """Remove the cookie of a visitor who now has an account."""
    response.delete_cookie(COOKIE, samesite="Lax")


def reader_of(request: HttpRequest) -> Volunteer | None:
    """Return who asks, as far as they are known; nobody becomes a volunteer by reading."""
    if request.user.is_authenticated:
        return account_volunteer(request.user)
    return visitor_of(request)


PSEUDONYM_SALT = "webapp.volunteers.pseudonyms"
REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """Who answered, in Panoptes' three columns; `user_id` is None for a visitor, as it is there."""

    user_name: str
    user_id: int | None
    user_ip: str


@lru_cache(REMEMBERED)
def pseudonym(key: UUID, has_account: bool) -> Pseudonym:
    """Return the pseudonym of the volunteer with this key. This site keeps no addresses: `user_ip` stands for one."""
    digest = salted_hmac(PSEUDONYM_SALT, key.hex, algorithm="sha256").digest()
    address = digest[16:26].hex()
    if not has_account:
        return Pseudonym(f"not-logged-in-{address}", None, address)
    return Pseudonym(f"volunteer-{digest[:8].hex()}", int.from_bytes(digest[8:14], "big"), address)
