"""Retry a database write through a restart of the server, exactly once."""

import logging
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction

T = TypeVar("T")
log = logging.getLogger(__name__)

WAITS = (0.2, 0.5, 1, 2, 4, 8, 15)  # seconds; together less than a job's lease


def through_restarts(write: Callable[[], T]) -> T:
    """Run `write` in a transaction; run it again when the database went away, unless it had committed by then.

    A connection that breaks during the commit leaves open whether it happened. PostgreSQL remembers, by the number of
    the transaction.
    """
    if connection.in_atomic_block:  # the whole would have to be done again, which only its owner can do
        return write()
    attempt: _Attempt[T] | None = None
    waits = iter(WAITS)
    while True:
        try:
            if attempt is not None and attempt.committed():
                return attempt.result
            attempt = _Attempt(write)
            return attempt.run()
        except (OperationalError, InterfaceError) as error:
            wait = next(waits, None)
            if wait is None:
                raise
            log.warning("The database went away (%s); trying again in %s s.", str(error).strip(), wait)
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
        """Ask what became of the transaction; False where it never came to its end.

        Raises OperationalError while it is still going on, which a lost connection does not prevent.
        """
        if self.number is None:
            return False
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_xact_status(%s::xid8)", [self.number])
            (status,) = cursor.fetchone()
        if status == "in progress":
            raise OperationalError("the transaction before has not ended yet")
        return bool(status == "committed")
