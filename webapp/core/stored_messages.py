"""Translatable messages that background jobs store in English and pages show in the reader's language.

A worker does not know the reader's language; the API, the logs and the command line show the English text. Each room
lists its sentences in one module. A page recognises a sentence by its form, and translates it with the same values. An
unknown text, such as another library's error, stays unchanged.
"""

import re
from bisect import insort
from functools import cached_property
from typing import ClassVar

from django.utils.formats import get_format
from django.utils.translation import get_language, gettext

_SLOT = re.compile(r"%\((\w+)\)s")
_NUMBER = re.compile(r"[-+]?[0-9]+(,[0-9]{3})*(\.[0-9]+)?")
_PLACED = re.compile(r"([^:\n]{1,200}: )(.+)", re.DOTALL)
"""A sentence after a file name, or after the name of an unforeseen error."""


class Sentence:
    """A sentence with slots such as `%(name)s`; `english` is marked with gettext_noop at its definition."""

    known: ClassVar[list["Sentence"]] = []
    """All that have been defined, the most specific first: the one that says more itself is tried before the other."""

    def __init__(self, english: str) -> None:
        self.english = english
        insort(self.known, self, key=lambda sentence: -sentence.letters)

    def __call__(self, **values: object) -> str:
        """Fill in the values, in English."""
        return self.english % values

    def read(self, text: str) -> dict[str, str] | None:
        """Return the values in a text that matches this sentence; None for another text."""
        match = self._form.fullmatch(text)
        return match.groupdict() if match else None

    @cached_property
    def letters(self) -> int:
        """The number of letters outside slots; if two sentences match a text, the more specific one wins."""
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
    """Translate a worker's message into the page's language."""
    if (get_language() or "en").startswith("en"):
        return text
    for sentence in Sentence.known:
        if (values := sentence.read(text)) is not None:
            return gettext(sentence.english) % {name: _value(value) for name, value in values.items()}
    if placed := _PLACED.fullmatch(text):
        return placed[1] + in_words(placed[2])
    return text


def _value(value: str) -> str:
    """Format a number for the language; a value may itself be a sentence."""
    if not _NUMBER.fullmatch(value):
        return in_words(value)
    signs = {",": get_format("THOUSAND_SEPARATOR"), ".": get_format("DECIMAL_SEPARATOR")}
    return re.sub("[,.]", lambda sign: signs[sign[0]], value)
