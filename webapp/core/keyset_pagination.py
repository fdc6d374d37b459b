"""Keyset pagination: a page starts after the last row of the previous one, so late pages are as cheap as the first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet


class BadPlace(ValueError):
    """An invalid position in the list."""


@dataclass(frozen=True)
class Place:
    """The position where a page starts or ends: the ordering column's value, the row's key, and the direction."""

    value: Any
    pk: int
    is_before: bool = False

    def __str__(self) -> str:
        value = self.value.isoformat() if isinstance(self.value, datetime) else repr(self.value)
        return f"{self.pk}:{self.value if isinstance(self.value, str) else value}"


@dataclass(frozen=True)
class Page:
    """The keys of one page's rows, and the positions of the previous and the next page; None at the ends."""

    keys: list[int]
    before: Place | None
    after: Place | None


def read_place(text: str, *, kind: type, is_before: bool = False) -> Place:
    """Parse the output of `str(place)`.

    Raises BadPlace: the text is not a position, or its value has another type.
    """
    pk, _, value = text.partition(":")
    read: Any = datetime.fromisoformat if kind is datetime else kind
    try:
        return Place(read(value), int(pk), is_before)
    except ValueError as error:
        raise BadPlace(f"“{text}” is no place in this list.") from error


def place_in(query: Mapping[str, str], *, kind: type) -> Place | None:
    """Return the position in a URL's query, after or before; None for the start of the list."""
    for name in ("after", "before"):
        if text := query.get(name):
            try:
                return read_place(text, kind=kind, is_before=name == "before")
            except BadPlace:  # an old link: show the first page
                return None
    return None


def whole_number(text: str) -> int | None:
    """Read a row's key as it stands in a request; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def newest_first(rows: QuerySet[Any], *, before: str, size: int) -> tuple[list[Any], int | None]:
    """Return rows by descending key, below the key `before` if it is one; and the key before which the next page is."""
    key = whole_number(before)
    some = list((rows if key is None else rows.filter(pk__lt=key)).order_by("-pk")[: size + 1])
    return some[:size], some[size - 1].pk if len(some) > size else None


def page_of(rows: QuerySet[Any], *, by: str, place: Place | None, size: int) -> Page:
    """Return the page of `rows` ordered `by` a column (a minus: descending) that continues from `place`.

    Rows with a null value are excluded. Ties are broken by the key.
    """
    column, is_back = by.removeprefix("-"), place is not None and place.is_before
    down = by.startswith("-") != is_back
    remaining = rows.filter(**{f"{column}__isnull": False})
    if place is not None:
        remaining = remaining.filter(_beyond(column, place, down))
    order = [F(column).desc(), F("pk").desc()] if down else [F(column).asc(), F("pk").asc()]
    some = list(remaining.order_by(*order).values_list("pk", column)[: size + 1])
    has_more, some = len(some) > size, some[:size]
    if is_back:
        some.reverse()
    return _page(some, has_before=has_more if is_back else place is not None, has_after=has_more or is_back)


def _page(some: list[tuple[int, Any]], *, has_before: bool, has_after: bool) -> Page:
    if not some:
        return Page([], None, None)
    (first, first_value), (last, last_value) = some[0], some[-1]
    before = Place(first_value, first, is_before=True) if has_before else None
    return Page([pk for pk, _ in some], before, Place(last_value, last) if has_after else None)


def _beyond(column: str, place: Place, down: bool) -> Q:
    """Filter rows after a position: by the whole range first, where an index scan can start."""
    way = "lt" if down else "gt"
    same = Q(**{column: place.value, f"pk__{way}": place.pk})
    return Q(**{f"{column}__{way}e": place.value}) & (Q(**{f"{column}__{way}": place.value}) | same)
