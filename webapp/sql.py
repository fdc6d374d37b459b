"""Statements written by hand, for what every click runs: there the ORM would take longer than the server does.

The server keeps them prepared, connection by connection, and plans each of them once.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.db.backends.postgresql.base import ServerBindingCursor

Parameters = Mapping[str, Any] | Sequence[Any]
PREPARE_AFTER = 2


def fetch(sql: str, parameters: Parameters) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows."""
    with _cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def execute(sql: str, parameters: Parameters) -> None:
    """Run a statement that returns no rows."""
    with _cursor() as cursor:
        cursor.execute(sql, parameters)


@contextmanager
def _cursor() -> Iterator[Any]:
    """Yield a cursor wrapped as Django's own are, but which sends values apart from the statement."""
    connection.ensure_connection()
    connection.connection.prepare_threshold = PREPARE_AFTER if settings.PREPARE_STATEMENTS else None
    wrap: Any = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    with wrap(ServerBindingCursor(connection.connection)) as cursor:  # type: ignore[call-arg]
        yield cursor


class Columns:
    """Some fields of a model, to select and to make instances of; the others are read when they are asked for.

    Parameters
    ----------
    model
        The model.
    alias
        The table's name in the statement.
    names
        Attribute names of the fields (`survey_id`, not `survey`); all of them if none is given.
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
        """Make an instance of the values that `sql` selected."""
        converted = list(values)
        for place, convert in self._converters:
            converted[place] = convert(converted[place], None, connection)
        return self.model.from_db(connection.alias, self.names, converted)
