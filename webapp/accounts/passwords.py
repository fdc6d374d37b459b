"""Passwords: how long they must and may be, and what ends with them."""

from typing import Any

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from zxcvbn import zxcvbn

from webapp.accounts.models import ApiToken

LEAST, MOST = 12, 128
"""Characters. Whoever has a shorter password from earlier keeps it."""


LEAST_GUESSES = 10**6
"""At the hundred guesses an hour that an account allows, these take more than a year."""
READ, MOST_SIGNS = 40, 4
"""zxcvbn tries each reading of the signs that stand for letters; more of them, or of characters, would take seconds."""
SIGNS = frozenset("@({[<!|$%+")
WEAK = {
    "dictionary": gettext_lazy("It is close to a common password, word or name, which are guessed first."),
    "spatial": gettext_lazy("Keys that lie beside each other are guessed first."),
    "repeat": gettext_lazy("Repeating characters or a word makes it hardly stronger."),
    "sequence": gettext_lazy("Sequences such as abc or 6543 are guessed first."),
    "regex": gettext_lazy("Years are guessed first."),
    "date": gettext_lazy("Dates are guessed first."),
}


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


class EasilyGuessed:
    """Refuses passwords that zxcvbn guesses early, from its lists of leaked passwords, words, names and patterns."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(SIGNS & set(password)) > MOST_SIGNS:
            return
        found = zxcvbn(password[:READ], user_inputs=["wanderers", *_names(user)])
        if found["guesses"] < LEAST_GUESSES:
            weakest = max(found["sequence"], key=lambda match: len(match["token"]))
            why = WEAK.get(weakest["pattern"], "")
            raise ValidationError(
                _("This password is easily guessed. %(why)s Add a word or two that have nothing to do with it.")
                % {"why": why}
            )

    def get_help_text(self) -> str:
        return _("A few uncommon words make a good password; digits and signs are not needed.")


def _names(user: Any) -> list[str]:
    names = [getattr(user, name, "") or "" for name in ("username", "email")]
    return [name[:READ] for name in names if name]
