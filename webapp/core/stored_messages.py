"""Translatable messages that background jobs store as template and values, and pages show in the reader's language.

A worker does not know the reader's language; the API, the logs and the command line show the English text. Each room
lists its sentences in one module. A plain text, such as another library's error, is not translated.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.formats import get_format
from django.utils.translation import gettext

from ml.io.message import Message, Value, from_json, to_json

_NUMBER = re.compile(r"[-+]?[0-9]+(,[0-9]{3})*(\.[0-9]+)?")


@dataclass(frozen=True)
class Sentence:
    """A sentence with slots such as `%(name)s`; `manage.py translations` collects `english` from its definition."""

    english: str

    def __call__(self, **values: object) -> Message:
        """Fill in the values."""
        return Message(self.english, **values)


class MessageField(models.TextField):
    """A column of messages and plain texts, as JSON; they come back as they were saved."""

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return json.dumps(to_json(text), ensure_ascii=False) if isinstance(text, str) else text

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        return None if value is None else from_json(json.loads(value))


def in_words(text: str) -> str:
    """Translate a message into the page's language; return a plain text unchanged."""
    if not isinstance(text, Message):
        return text
    return gettext(text.template) % {name: _value(value) for name, value in text.values.items()}


def _value(value: Value) -> str:
    """Translate a value that is itself a message, and format a number for the language."""
    if isinstance(value, Message):
        return in_words(value)
    text = str(value)
    if not _NUMBER.fullmatch(text):
        return text
    signs = {",": get_format("THOUSAND_SEPARATOR"), ".": get_format("DECIMAL_SEPARATOR")}
    return re.sub("[,.]", lambda sign: signs[sign[0]], text)
