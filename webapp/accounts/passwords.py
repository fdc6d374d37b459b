"""Passwords: how long they must and may be."""

from typing import Any

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LEAST, MOST = 12, 128
"""Characters. Whoever has a shorter password from earlier keeps it."""


class PasswordLength(MinimumLengthValidator):
    """Refuses passwords that are quickly guessed, and those that are longer than anybody needs."""

    def __init__(self) -> None:
        super().__init__(LEAST)

    def validate(self, password: str, user: Any = None) -> None:
        super().validate(password, user)
        if len(password) > MOST:
            raise ValidationError(_("This password is too long. Use at most %(most)d characters.") % {"most": MOST})
