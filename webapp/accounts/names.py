"""Names that nobody mistakes for somebody else's: what user names and shown names are made of."""

import unicodedata

from django.contrib.auth.models import User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"})
"""Alphabets that share shapes of letters."""
UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Unicode's categories of control, format, private and unassigned characters, and of line ends."""
CYRILLIC = "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445"
RARER = "\u0455\u0456\u0458\u04bb\u04cf\u0501\u051b\u051d"  # in Ukrainian, Macedonian and others
GREEK = "\u03b1\u03b5\u03b7\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7"
DOTLESS = "\u0131"
LATIN = str.maketrans(CYRILLIC + RARER + GREEK + DOTLESS, "abekmhopctyx" + "sijhldqw" + "aenikvoptux" + "i")
"""Small letters to the plain Latin ones that they look like."""


def check_username(name: str) -> None:
    """Raise ValidationError for a new user name that people would take for another one."""
    if unicodedata.normalize("NFKC", name) != name or len(_alphabets(name)) > 1:
        raise ValidationError(_("Use letters of one alphabet, as your keyboard types them."))
    if (plain := _plain(name)) != name.lower() and User.objects.filter(username__iexact=plain).exists():
        raise ValidationError(_("This name looks like somebody else’s. Choose another one."))


USERNAME_VALIDATORS = [UnicodeUsernameValidator(), check_username]


def check_shown_name(name: str, user: User) -> None:
    """Raise ValidationError for a name that hides characters, or looks like the user name of another account."""
    if any(unicodedata.category(each) in UNSEEN for each in name):
        raise ValidationError(_("Use letters, signs and spaces that can be seen."))
    looks_like = {unicodedata.normalize("NFKC", name).strip().lower(), _plain(name).strip()}
    if any(User.objects.exclude(pk=user.pk).filter(username__iexact=each).exists() for each in looks_like):
        raise ValidationError(_("This name looks like somebody else’s. Choose another one."))


def _alphabets(name: str) -> set[str]:
    """Return those of a name's alphabets that look alike."""
    return {unicodedata.name(each, "").split(" ")[0] for each in name if each.isalpha()} & ALIKE


def _plain(name: str) -> str:
    """Return a name in small letters, those that look like Latin ones replaced by these."""
    return unicodedata.normalize("NFKC", name).lower().translate(LATIN)
