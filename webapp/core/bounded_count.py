"""Counts that end early: at a thousand rows, or in time."""

from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from psycopg.errors import QueryCanceled

MOST_COUNTED = 1000
MOST_SECONDS = 10.0


def count_some(rows: QuerySet[Any], most: int = MOST_COUNTED) -> int:
    """Return the number of rows, or one more than `most` if there are more: counting all of an archive takes long."""
    return rows.order_by().values("pk")[: most + 1].count()


def count_in_time(rows: QuerySet[Any], seconds: float | None = None) -> int | None:
    """Return the exact number of rows, or None if counting takes longer than `MOST_SECONDS`, or `seconds`."""
    limit = MOST_SECONDS if seconds is None else seconds
    try:
        with transaction.atomic():
            _limit_statements(f"{max(1, round(1000 * limit))}ms")
            counted = rows.order_by().count()
            _limit_statements("DEFAULT")
            return counted
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            return None
        raise


def _limit_statements(limit: str) -> None:
    """Limit the transaction's statements; a rollback restores the earlier limit by itself."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout TO {limit if limit == 'DEFAULT' else repr(limit)}")
