"""A slow disk: what a test interrupts is still under way then, however late the test itself comes to it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

SLOW_DOWN = """
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END';
    CREATE TRIGGER slow AFTER INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION slow();
"""


@contextmanager
def slowed(table: str, seconds: float = 0.5) -> Iterator[None]:
    """Let the test's database take so long for each statement that inserts rows into a table."""
    with connection.cursor() as cursor:
        cursor.execute(SLOW_DOWN.format(table=table, seconds=seconds))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION slow() CASCADE")
