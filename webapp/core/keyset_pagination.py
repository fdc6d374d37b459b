"""Keyset pagination: a page starts after the last row of the previous one, so late pages are as cheap as the first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, FloatField, Q, QuerySet, Value
from django.http import QueryDict


class BadCursor(ValueError):
    """An invalid position in the list."""


@dataclass(frozen=True)
class Cursor:
    """The position where a page starts or ends: the ordering column's value, the row's key, and the direction.

    Rows that come last because they have no value have None.
    """

    value: Any
    pk: int
    is_before: bool = False

    def __str__(self) -> str:
        if self.value is None:
            return str(self.pk)
        value = self.value.isoformat() if isinstance(self.value, datetime) else repr(self.value)
        return f"{self.pk}:{self.value if isinstance(self.value, str) else value}"


@dataclass(frozen=True)
class Page:
    """The keys of one page's rows, and the positions of the previous and the next page; None at the ends."""

    keys: list[int]
    before: Cursor | None
    after: Cursor | None


def read_cursor(text: str, *, kind: type, is_before: bool = False) -> Cursor:
    """Parse the output of `str(cursor)`.

    Raises BadCursor: the text is not a position, or its value has another type.
    """
    pk, has_value, value = text.partition(":")
    read: Any = datetime.fromisoformat if kind is datetime else kind
    try:
        return Cursor(read(value) if has_value else None, int(pk), is_before)
    except ValueError as error:
        raise BadCursor(f"“{text}” is not a cursor of this list.") from error


def cursor_in(query: Mapping[str, str], *, kind: type) -> Cursor | None:
    """Return the position in a URL's query, after or before; None for the start of the list."""
    for name in ("after", "before"):
        if text := query.get(name):
            try:
                return read_cursor(text, kind=kind, is_before=name == "before")
            except BadCursor:  # an old link: show the first page
                return None
    return None


def query_with(query: QueryDict, **changes: object) -> str:
    """Return a list's query with some values changed (None removes one), from the first page."""
    changed = query.copy()
    for name, value in {"after": None, "before": None, **changes}.items():
        if value is None:
            changed.pop(name, None)
        else:
            changed[name] = str(value)
    return changed.urlencode()


def neighbours(query: QueryDict, page: Page) -> dict[str, str]:
    """Return the queries of the `previous` and the `next` page; empty at the ends."""
    return {
        "previous": query_with(query, before=page.before) if page.before else "",
        "next": query_with(query, after=page.after) if page.after else "",
    }


def page_of(
    rows: QuerySet[Any], *, by: str, cursor: Cursor | None, size: int, key: str = "pk", unset: Q | None = None
) -> Page:
    """Return the page of `rows` ordered `by` a column (a minus: descending) that continues from `cursor`.

    Parameters
    ----------
    key
        The unique column that breaks ties, as the column's index has it.
    unset
        Finds the rows without a value, which come last in both directions, by their primary key; by default such rows
        are left out.
    """
    column, is_back = by.removeprefix("-"), cursor is not None and cursor.is_before
    down = by.startswith("-") != is_back
    stretches: dict[bool, tuple[QuerySet[Any], str | None, str]] = {
        False: (rows.filter(**{f"{column}__isnull": False}), column, key)
    }
    if unset is not None:
        stretches[True] = (rows.filter(unset), None, "pk")
    elif cursor is not None and cursor.value is None:  # of another order
        cursor = None
    some: list[tuple[int, int, Any]] = []
    for is_unset in sorted(stretches, reverse=is_back):
        begins = None if cursor is None or (cursor.value is None) != is_unset else cursor
        is_passed = cursor is not None and begins is None and is_unset == is_back
        if not is_passed and len(some) <= size:
            some += _stretch(*stretches[is_unset], begins, down)[: size + 1 - len(some)]
    has_more, some = len(some) > size, some[:size]
    if is_back:
        some.reverse()
    return _page(some, has_before=has_more if is_back else cursor is not None, has_after=has_more or is_back)


def _stretch(rows: QuerySet[Any], column: str | None, key: str, cursor: Cursor | None, down: bool) -> QuerySet[Any]:
    """Return (primary key, key, value) of rows that all have a value in the column, or none, from a position on."""
    if cursor is not None:
        way = f"{key}__{'lt' if down else 'gt'}"
        rows = rows.filter(_beyond(column, key, cursor, down) if column else Q(**{way: cursor.pk}))
    order = [F(name).desc() if down else F(name).asc() for name in (column, key) if name]
    return rows.order_by(*order).values_list("pk", key, F(column) if column else Value(None, FloatField()))


def _page(some: list[tuple[int, int, Any]], *, has_before: bool, has_after: bool) -> Page:
    if not some:
        return Page([], None, None)
    (_, first, first_value), (_, last, last_value) = some[0], some[-1]
    before = Cursor(first_value, first, is_before=True) if has_before else None
    return Page([pk for pk, _, _ in some], before, Cursor(last_value, last) if has_after else None)


def _beyond(column: str, key: str, cursor: Cursor, down: bool) -> Q:
    """Filter rows after a position: by the whole range first, where an index scan can start."""
    way = "lt" if down else "gt"
    same = Q(**{column: cursor.value, f"{key}__{way}": cursor.pk})
    return Q(**{f"{column}__{way}e": cursor.value}) & (Q(**{f"{column}__{way}": cursor.value}) | same)
