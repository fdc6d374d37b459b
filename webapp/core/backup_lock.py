"""While a backup copies the files that its rows need, nothing deletes them: an advisory lock of the database."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction

LOCK = 6041803


@contextmanager
def files_stay() -> Iterator[Callable[[], None]]:
    """Hold the lock inside the block, after waiting for another backup, and for whoever deletes something just now.

    It is a transaction's, of a connection of its own, since a pooler would hand a session's to others; idle, it keeps
    no rows from being cleaned up. Yields a function that raises OperationalError if the connection, and with it the
    lock, was lost.
    """
    with closing(connections.create_connection(DEFAULT_DB_ALIAS)) as own:
        own.set_autocommit(False)
        with own.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            yield lambda: cursor.execute("SELECT 1")


def may_delete_files() -> bool:
    """Keep backups from beginning until the transaction ends; return False, and keep nothing, while one is running."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("The lock would be gone at once.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])
