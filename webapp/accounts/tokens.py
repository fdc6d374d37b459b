"""API tokens: told once, stored as a hash, ended by time, and by a new password or second factor.

Changing the password (in any way) deletes them (passwords.py), and so does removing a second factor (adapter.py); one
that is older than the account's second factor is invalid, and so are those of an inactive account.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from webapp.accounts.models import ApiToken

LIVES = """
    token.created_at > now() - %s * interval '1 second' AND NOT EXISTS (
        SELECT FROM mfa_authenticator AS factor
        WHERE factor.user_id = token.user_id AND factor.type <> 'recovery_codes'
            AND factor.created_at > token.created_at
    )
"""
"""SQL for `accounts_apitoken AS token`; the parameter is `lifetime()` in seconds."""
MOST = 50
"""Tokens of one account; another one ends the oldest."""


def lifetime() -> timedelta:
    return timedelta(days=settings.TOKEN_DAYS)


def digest_of(token: str) -> str:
    """Return what is stored of a token. It is random and long, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def tokens_of(user: Any) -> QuerySet[ApiToken]:
    """Return the account's living tokens, the newest first."""
    factors = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES)
    newest = factors.order_by("-created_at").values_list("created_at", flat=True).first()
    oldest = timezone.now() - lifetime()
    return ApiToken.objects.filter(user=user, created_at__gt=max(oldest, newest or oldest))


def make_token(user: Any, name: str = "") -> str:
    """Return a new token of the account, which nobody can read again."""
    token = secrets.token_hex(20)
    ApiToken.objects.create(user=user, name=name, digest=digest_of(token))
    ApiToken.objects.filter(user=user).exclude(pk__in=tokens_of(user).values("pk")[:MOST]).delete()
    return token
