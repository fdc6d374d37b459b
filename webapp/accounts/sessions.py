"""Sessions and the devices they began on: known devices have a signed cookie, and what has ended is forgotten."""

import json
import secrets
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

COOKIE = "known-device"
SALT = "webapp.accounts.adapter"  # where this was at first: with another, all known devices would be forgotten
YEAR = 365 * 24 * 3600
MOST = 10
"""Maximum number of people who share a device."""


def known_device(request: HttpRequest, login: str) -> str | None:
    """Return the device's id if the account with this name or address has signed in on it before."""
    device, people = _read(request)
    users = get_user_model().objects.filter(Q(username__iexact=login) | Q(email__iexact=login))
    return device if people and users.filter(pk__in=people).exists() else None


def people_of(request: HttpRequest) -> list[int]:
    """Return the accounts that have signed in on the device, the last first."""
    return _read(request)[1]


def remember_device(request: HttpRequest, response: HttpResponseBase, user: Any) -> None:
    """Store in the device's cookie that the account has signed in on it."""
    device, people = _read(request)
    people = [user.pk, *(pk for pk in people if pk != user.pk)][:MOST]
    response.set_signed_cookie(
        COOKIE,
        json.dumps([device, people]),
        salt=SALT,
        max_age=YEAR,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _read(request: HttpRequest) -> tuple[str, list[int]]:
    """Return the device's id, a new one without a cookie, and the accounts that have signed in on it."""
    cookie = request.get_signed_cookie(COOKIE, default=None, salt=SALT, max_age=YEAR)
    device, people = json.loads(cookie) if cookie else (secrets.token_hex(8), [])
    return device, people


def end_sessions(user: Any) -> None:
    """Sign an account out everywhere."""
    for session in UserSession.objects.filter(user=user):
        session.end()


def forget_ended_sessions() -> None:
    """Delete expired sessions, and what was recorded of those that are gone."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
