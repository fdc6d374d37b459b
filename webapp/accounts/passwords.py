"""Passwords: how long they must and may be, and what ends with them."""

from typing import Any

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from webapp.accounts.models import ApiToken

LEAST, MOST = 12, 128
"""Characters. Whoever has a shorter password from earlier keeps it."""


class PasswordRules(MinimumLengthValidator):
    """Refuses passwords that are quickly guessed or longer than anybody needs; a new one ends the account's tokens."""

    def __init__(self) -> None:
        super().__init__(LEAST)

    def validate(self, password: str, user: Any = None) -> None:
        super().validate(password, user)
        if len(password) > MOST:
            raise ValidationError(_("This password is too long. Use at most %(most)d characters.") % {"most": MOST})

    def password_changed(self, password: str, user: Any) -> None:
        """Delete the account's tokens. Django calls this except when an unusable password is set."""
        ApiToken.objects.filter(user_id=user.pk).delete()
