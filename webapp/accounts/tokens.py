"""API token lifetime: a token expires after some days, and with the password or second factor it was made with.

Changing the password (in any way) deletes it (passwords.py); a token older than the account's second factor is invalid,
and so is that of an inactive account.
"""

from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.utils import timezone
from rest_framework.authtoken.models import Token

LIVES = """
    token.created > now() - %s * interval '1 second' AND NOT EXISTS (
        SELECT FROM mfa_authenticator AS factor
        WHERE factor.user_id = token.user_id AND factor.type <> 'recovery_codes' AND factor.created_at > token.created
    )
"""
"""SQL for `authtoken_token AS token`; the parameter is `lifetime()` in seconds."""


def lifetime() -> timedelta:
    return timedelta(days=settings.TOKEN_DAYS)


def token_of(user: Any) -> str:
    """Return the account's token, a new one if the old one has expired."""
    factors = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES)
    newest = factors.order_by("-created_at").values_list("created_at", flat=True).first()
    oldest = timezone.now() - lifetime()
    Token.objects.filter(user=user, created__lte=max(oldest, newest or oldest)).delete()
    return str(Token.objects.get_or_create(user=user)[0].key)
