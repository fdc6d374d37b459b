"""Raw SQL for hot paths: prepared statements, rows as instances, COPY into numpy; retry a write through a restart.

There, the ORM would take longer than the server does. The server keeps the statements prepared per connection, and
plans most of them once; but where it sees the length of an array, it plans anew each time, which takes as long as the
statement itself. So pass the first array as `(SELECT %s::bigint[])`, whose length it does not see, or select
`PLAN_ONCE` in the transaction's first statement.
"""

import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection, connections, models, transaction
from django.db.backends.postgresql.base import ServerBindingCursor
from numpy.typing import NDArray
from psycopg.sql import SQL, Identifier

Parameters = Mapping[str, Any] | Sequence[Any]
PREPARE_AFTER = 2
MOST_CURSORS = 200
"""Statements whose cursor a connection keeps."""
FEW = 1000
"""Rows up to which a cursor is kept, which holds them until its next statement."""

PLAN_ONCE = "set_config('plan_cache_mode', 'force_generic_plan', true)"
"""Selected, it makes the server plan the transaction's prepared statements once, whatever it knows of their values.

Else it plans anew for each answer in a small workflow beside a large one, since its rows seem to be fewer than usual.
"""


def fetch(sql: str, parameters: Parameters) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows."""
    cursor = _executed(sql, parameters)
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    if len(rows) > FEW:  # their memory would stay occupied
        cursor.db.kept_cursors.pop(sql, None)
    return rows


def analyze(*tables: type[models.Model]) -> None:
    """Refresh the planner's statistics of tables after a bulk load.

    Until autovacuum comes, up to a minute later, PostgreSQL plans for the table as it was: a join that then visits all
    pairs of 20,000 new subjects takes minutes.
    """
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(SQL("ANALYZE {}").format(Identifier(table._meta.db_table)))


def execute(sql: str, parameters: Parameters) -> None:
    """Run a statement that returns no rows."""
    _executed(sql, parameters)


def _executed(sql: str, parameters: Parameters) -> Any:
    """Run a statement; return its cursor, wrapped like Django's own, which sends values separately.

    A connection keeps the cursors of its statements: to learn anew how to convert values and columns takes psycopg as
    long as everything else it does. It recognises a statement by its identity.
    """
    database: Any = connections[DEFAULT_DB_ALIAS]  # looked up once: each use of the proxy `connection` does so again
    database.close_if_health_check_failed()
    database.ensure_connection()
    database.connection.prepare_threshold = PREPARE_AFTER if settings.PREPARE_STATEMENTS else None
    kept = database.kept_cursors
    if sql not in kept:
        if len(kept) >= MOST_CURSORS:
            kept.clear()
        kept[sql] = ServerBindingCursor(database.connection)  # type: ignore[call-arg]
    wrap = database.make_debug_cursor if database.queries_logged else database.make_cursor
    cursor = wrap(kept[sql])
    cursor.execute(sys.intern(sql), parameters)
    return cursor


class Columns:
    """Some fields of a model, for selecting and building instances; others are loaded lazily.

    Parameters
    ----------
    model
        The model.
    alias
        The table's name in the statement.
    names
        Attribute names of the fields (`survey_id`, not `survey`); by default all.
    """

    def __init__(self, model: type[models.Model], alias: str, *names: str) -> None:
        fields = [field for field in model._meta.concrete_fields if not names or field.attname in names]
        self.model = model
        self.names = [field.attname for field in fields]
        self.sql = ", ".join(f'{alias}."{field.column}"' for field in fields)
        self._converters = [
            (place, field.from_db_value) for place, field in enumerate(fields) if hasattr(field, "from_db_value")
        ]

    def __len__(self) -> int:
        return len(self.names)

    def build(self, values: Sequence[Any]) -> Any:
        """Build an instance from the values that `sql` selected."""
        converted = list(values)
        for place, convert in self._converters:
            converted[place] = convert(converted[place], None, connection)
        return self.model.from_db(connection.alias, self.names, converted)


_NUMPY = {"bool": np.bool_, "int2": np.int16, "int8": np.int64, "float8": np.float64}


def copy_out(query: str, fields: Mapping[str, str], parameters: Mapping[str, Any]) -> NDArray[np.void]:
    """Return the rows of a SELECT as a structured array.

    Parameters
    ----------
    query
        Its columns have the types of `fields`, in order, and are never null.
    fields
        Names and PostgreSQL's types: bool, int2, int8 or float8.
    parameters
        Of the query, by name.
    """
    connection.ensure_connection()
    with connection.connection.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT binary)", parameters) as copy:
        copy.set_types(list(fields.values()))
        return np.fromiter(copy.rows(), dtype=[(name, _NUMPY[kind]) for name, kind in fields.items()])


def copy_text(query: str, parameters: Mapping[str, Any]) -> bytes:
    """Return the rows of a SELECT as CSV without a header: null is empty, an empty string quoted."""
    connection.ensure_connection()
    with connection.connection.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT csv)", parameters) as copy:
        return b"".join(copy)


T = TypeVar("T")
log = logging.getLogger(__name__)

DATABASE_LOST = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
"""What is raised where the database is lost: Django's errors, and psycopg's own during a COPY."""
WAITS = (0.2, 0.5, 1, 2, 4, 8, 15)  # seconds; half a minute in total


def through_restarts(write: Callable[[], T]) -> T:
    """Run `write` in a transaction; retry it if the database restarted, unless it had committed by then.

    If a connection breaks during the commit, its outcome is unknown, so PostgreSQL is asked by transaction id.
    """
    if connection.in_atomic_block:  # only the caller can redo the whole transaction
        return write()
    attempt: _Attempt[T] | None = None
    waits = iter(WAITS)
    while True:
        try:
            if attempt is not None and attempt.committed():
                return attempt.result
            attempt = _Attempt(write)
            return attempt.run()
        except DATABASE_LOST as error:
            wait = next(waits, None)
            if wait is None:
                raise
            log.warning("The database connection was lost (%s); retrying in %s s.", str(error).strip(), wait)
            connection.close()
            time.sleep(wait)


class _Attempt(Generic[T]):
    def __init__(self, write: Callable[[], T]) -> None:
        self.write = write
        self.number: str | None = None

    def run(self) -> T:
        with transaction.atomic():
            self.result = self.write()
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_current_xact_id()::text")
                (self.number,) = cursor.fetchone()
        return self.result

    def committed(self) -> bool:
        """Return whether the transaction committed; False if it never reached its end.

        Raises OperationalError while it is still in progress, which a lost connection does not prevent.
        """
        if self.number is None:
            return False
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_xact_status(%s::xid8)", [self.number])
            (status,) = cursor.fetchone()
        if status == "in progress":
            raise OperationalError("the transaction before has not ended yet")
        return bool(status == "committed")
