"""Pagination of lists: by cursor, in a chosen ordering, with a total on request, or following changes since a time."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError as ModelValidationError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from webapp.core.bounded_count import MOST_SECONDS, count_in_time
from webapp.core.keyset_pagination import BadCursor, Cursor, page_of, read_cursor

CHANGES = "updated_since"
OF_PAGES = ("cursor", "page_size", "ordering", "total", "format")
"""Query parameters of every list."""


class Newest(CursorPagination):
    """Pagination by primary key, newest first, or in one of the view's `orderings`; with a total on request.

    With `updated_since` and no ordering, rows come in the order of their changes, and each page begins after the last
    row of the one before, so a row that changes meanwhile is never missed: it comes again, later.
    """

    ordering = "-pk"
    page_size = 50
    max_page_size = 1000
    page_size_query_param = "page_size"
    offset_cutoff = None  # type: ignore[assignment]  # thousands of rows may share a time
    total: int | None = None
    is_following = False
    next_changes: str | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """Return a page; rows without a value in the chosen ordering are left out."""
        column = _chosen_ordering(request, view)
        if column is not None:
            queryset = queryset.filter(**{f"{column.removeprefix('-')}__isnull": False})
        if _is_total_asked(request):
            self.total = _counted(queryset)
        if column is None and request.query_params.get(CHANGES):
            return self._changes(queryset, request)
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ModelValidationError, ValueError) as error:  # a cursor of a list in another ordering
            raise NotFound(self.invalid_cursor_message) from error

    def get_page_size(self, request: Request) -> int:
        """Return the rows asked for, or the most that a page may have; raise ValidationError for no number."""
        return number_up_to(request, self.page_size_query_param, self.page_size, self.max_page_size)

    def _changes(self, queryset: QuerySet[Any], request: Request) -> list[Any]:
        """Return the page of changes after `cursor`, which holds the last row's key and the time of its change."""
        self.is_following = True
        size = self.get_page_size(request)
        cursor = self._cursor(request.query_params.get(self.cursor_query_param))
        page = page_of(queryset, by="updated_at", cursor=cursor, size=size)
        if page.after:
            address = request.build_absolute_uri()
            self.next_changes = replace_query_param(address, self.cursor_query_param, str(page.after))
        by_key = queryset.in_bulk(page.keys)
        return [by_key[pk] for pk in page.keys if pk in by_key]

    def _cursor(self, text: str | None) -> Cursor | None:
        if not text:
            return None
        try:
            cursor = read_cursor(text, kind=datetime)
        except BadCursor as error:
            raise NotFound(self.invalid_cursor_message) from error
        if cursor.value is None or cursor.value.tzinfo is None:
            raise NotFound(self.invalid_cursor_message)
        return cursor

    def get_next_link(self) -> str | None:
        return self.next_changes if self.is_following else super().get_next_link()

    def get_previous_link(self) -> str | None:
        return None if self.is_following else super().get_previous_link()

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        column, default = _chosen_ordering(request, view), tuple(super().get_ordering(request, queryset, view))
        return default if column is None else (column, *default)

    def get_paginated_response(self, data: Any) -> Response:
        response = super().get_paginated_response(data)
        if self.total is not None:
            response.data["total"] = self.total
        return response

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        described = super().get_paginated_response_schema(schema)
        described["properties"]["total"] = {"type": "integer", "description": "with ?total=true"}
        return described

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe ordering and total to the OpenAPI schema."""
        names = [sign + name for name in _orderings(view) for sign in ("", "-")]
        more: list[tuple[str, str, dict[str, Any]]] = [
            ("total", f"true also counts all rows, or answers 400 after {MOST_SECONDS:.0f} s", {"type": "boolean"})
        ]
        if names:
            more.append(("ordering", "one column, with a minus for descending", {"type": "string", "enum": names}))
        described = ({"name": name, "in": "query", "required": False, "description": text, "schema": schema}
                     for name, text, schema in more)  # fmt: skip
        return [*super().get_schema_operation_parameters(view), *described]


def number_up_to(request: Request, name: str, default: int, most: int) -> int:
    """Return a query parameter, or `most` if it is larger, or the default without it.

    Raises ValidationError for what is no number, and for 0.
    """
    text = request.query_params.get(name) or str(default)
    if not text.isdecimal() or not text.strip("0"):
        raise ValidationError({name: [f"“{text}” is not valid here. Expected: a number from 1 to {most}."]})
    return min(int(text), most) if len(text) < 10 else most


def _is_total_asked(request: Request) -> bool:
    text = request.query_params.get("total") or "false"
    if text.lower() not in ("true", "false"):
        raise ValidationError({"total": [f"“{text}” is not valid here. Expected: true or false."]})
    return text.lower() == "true"


def _counted(rows: QuerySet[Any]) -> int:
    total = count_in_time(rows)
    if total is None:
        raise ValidationError({"total": [f"Counting takes longer than {MOST_SECONDS:.0f} s. Narrow the list."]})
    return total


def _orderings(view: Any) -> dict[str, str]:
    """Return the columns that the view's rows can be ordered by: their id, and its own."""
    return {"id": "pk"} | getattr(view, "orderings", {})


def _chosen_ordering(request: Request, view: Any) -> str | None:
    """Return the column of `?ordering=`, with its minus; None without it."""
    text = request.query_params.get("ordering")
    if not text:
        return None
    offered = _orderings(view)
    name = text.removeprefix("-")
    if name not in offered:
        known = ", ".join(offered) or "none"
        raise ValidationError({"ordering": [f"This list has no ordering “{name}”. Orderings: {known}."]})
    return ("-" if text.startswith("-") else "") + offered[name]


class NewestAnswer(Newest):
    """Pagination for rows whose keys do not follow their age."""

    ordering = ("-created_at", "pk")  # type: ignore[assignment]


class BySubject(Newest):
    """Pagination for rows without a key of their own; each subject has one row per checkpoint."""

    ordering = ("subject_id", "checkpoint_id")  # type: ignore[assignment]
