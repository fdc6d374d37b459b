"""Pages by cursor: as fast at the millionth row as at the first, and nothing is seen twice while rows come in."""

from rest_framework.pagination import CursorPagination


class Newest(CursorPagination):
    """Rows by primary key, the newest first."""

    ordering = "-pk"
    page_size = 50
    max_page_size = 1000
    page_size_query_param = "page_size"


class NewestAnswer(Newest):
    """Rows whose keys say nothing about their age."""

    ordering = ("-created_at", "pk")  # type: ignore[assignment]


class BySubject(Newest):
    """Rows that have no key of their own; a subject has one for each checkpoint."""

    ordering = ("subject_id", "checkpoint_id")  # type: ignore[assignment]
