"""Filters of a page: those that are set, in words; and files of what it shows, refused where a filter is wrong."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import BadRequest
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.text import Truncator, format_lazy

from ml.io.message import Message
from webapp.core.keyset_pagination import query_with

LONGEST = 40


class RangeEnd(forms.FloatField):
    """One end of a range, whose label alone does not say of what."""

    def __init__(self, of: str | Promise, sign: str, **options: Any) -> None:
        super().__init__(required=False, widget=forms.NumberInput(attrs={"step": "any"}), **options)
        self.of, self.prefix = of, format_lazy("{of} {sign}", of=of, sign=sign)


@dataclass(frozen=True)
class ActiveFilter:
    text: str
    without: str
    """The query of the same page without it."""


def has_errors(fields: Iterable[forms.BoundField]) -> bool:
    """Return whether one of some fields holds what is not accepted: their fold is then open."""
    return any(field.errors for field in fields)


def refuse_errors(filters: forms.Form) -> None:
    """Raise BadRequest naming the filters that the form does not accept: a page marks them, but a file could not."""
    if filters.errors:
        bad = ", ".join(str(field.label) for field in filters if field.errors)
        raise BadRequest(Message("There is no file for this address, which has bad values for: %(names)s.", names=bad))


def active_filters(fields: Iterable[forms.BoundField], query: QueryDict) -> list[ActiveFilter]:
    """Return those of a form's fields that the query sets to something."""
    return [
        ActiveFilter(_in_words(field), query_with(query, **{field.name: None}))
        for field in fields
        if query.get(field.name)
    ]


def _in_words(field: forms.BoundField) -> str:
    value = field.value()
    choices = getattr(field.field, "choices", ())
    shown = next((label for key, label in choices if str(key) == str(value)), value)
    prefix = getattr(field.field, "prefix", None) or f"{field.label}:"
    return f"{prefix} {Truncator(shown).chars(LONGEST)}"
