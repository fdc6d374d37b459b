"""Whether a thread of a test waits for another one's transaction."""

import time

from django.db import connection

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
