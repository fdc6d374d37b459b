"""Whether a thread of a test waits for another one's transaction, and they for each other."""

import time
from threading import Thread

from django.db import connection, transaction

WAITING = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def wait_until_somebody_waits(thread):
    """Return once a connection of this test waits for a lock, or the thread has ended without."""
    deadline = time.monotonic() + 60
    while thread.is_alive():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees what it saw first
            cursor.execute(WAITING)
            if cursor.fetchone() is not None:
                return
        assert time.monotonic() < deadline, "The thread neither waits nor ends."
        time.sleep(0.02)


def nobody_waits_in_a_circle(first, change, then):
    """Hold what `first` locks until somebody else, who makes a change, waits for it; then do `then` as well."""
    errors = []

    def at_once():
        try:
            with transaction.atomic():
                change()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    thread = Thread(target=at_once)
    with transaction.atomic():
        first()
        thread.start()
        wait_until_somebody_waits(thread)
        then()
    thread.join()
    return errors == []
