"""Translatable messages that background jobs store in English and pages show in the reader's language.

A worker does not know who will read what it writes; the API, the logs and the command line show it as it is. Each
room names its sentences in a module `sentences`. A page tells by its form which sentence a text is, and says it with
the same values in its reader's language. A text of no known form, such as another library's error, stays as it was
written.
"""

import re
from functools import cache, cached_property
from typing import ClassVar

from django.utils.formats import get_format
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import get_language, gettext

_SLOT = re.compile(r"%\((\w+)\)s")
_NUMBER = re.compile(r"[-+]?[0-9]+(,[0-9]{3})*(\.[0-9]+)?")
_PLACED = re.compile(r"([^:\n]{1,200}: )(.+)", re.DOTALL)
"""A sentence behind a file, or behind the name of an error that nobody foresaw."""


class Sentence:
    """A sentence with slots such as `%(name)s`; `english` is marked with gettext_noop where it stands."""

    known: ClassVar[list["Sentence"]] = []

    def __init__(self, english: str) -> None:
        self.english = english
        self.known.append(self)

    def __call__(self, **values: object) -> str:
        """Return it in English, with its values."""
        return self.english % values

    def read(self, text: str) -> dict[str, str] | None:
        """Return the values of a text that is this sentence; None where it is another."""
        match = self._form.fullmatch(text)
        return match.groupdict() if match else None

    @cached_property
    def letters(self) -> int:
        """How much of it is no slot; where two fit a text, the one that says more itself is meant."""
        return len(_SLOT.sub("", self.english))

    @cached_property
    def _form(self) -> re.Pattern[str]:
        pattern, names = "", set()
        for place, text in enumerate(_SLOT.split(self.english)):
            if place % 2 == 0:
                pattern += re.escape(text % ())
            else:
                pattern += f"(?P={text})" if text in names else f"(?P<{text}>.+?)"
                names.add(text)
        return re.compile(pattern, re.DOTALL)


def in_words(text: str) -> str:
    """Say what a worker wrote in the language of the page."""
    if (get_language() or "en").startswith("en"):
        return text
    for sentence in _known():
        if (values := sentence.read(text)) is not None:
            return gettext(sentence.english) % {name: _value(value) for name, value in values.items()}
    if placed := _PLACED.fullmatch(text):
        return placed[1] + in_words(placed[2])
    return text


@cache
def _known() -> list[Sentence]:
    """Return the sentences of all rooms: those first that say most themselves."""
    autodiscover_modules("sentences")
    return sorted(Sentence.known, key=lambda sentence: -sentence.letters)


def _value(value: str) -> str:
    """Return a number as the language writes it; a value may be a sentence itself."""
    if not _NUMBER.fullmatch(value):
        return in_words(value)
    signs = {",": get_format("THOUSAND_SEPARATOR"), ".": get_format("DECIMAL_SEPARATOR")}
    return re.sub("[,.]", lambda sign: signs[sign[0]], value)
