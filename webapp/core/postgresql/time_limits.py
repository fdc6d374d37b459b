"""Time limits of the web server's statements: one that waits for a lock, or does not end, gives its thread back."""

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections


def limit_statements(statement_seconds: float, lock_seconds: float) -> None:
    """Give this process's new sessions a limit for each statement and each wait for a lock, in seconds; 0 is none.

    A server-side cursor's limit begins anew with each fetch, so a download may take any time. The options of
    DATABASE_URL win. Behind a pooler there are no limits: it refuses options, and hands what a session sets to workers.
    """
    if settings.PREPARE_STATEMENTS:
        options = connections.settings[DEFAULT_DB_ALIAS]["OPTIONS"]
        limits = {"statement_timeout": statement_seconds, "lock_timeout": lock_seconds}
        ours = " ".join(f"-c {name}={seconds * 1000:.0f}" for name, seconds in limits.items())
        options["options"] = f"{ours} {options.get('options', '')}".strip()


def lift_statement_limit() -> None:
    """Let the rest of this transaction take its time: it writes a row for each of perhaps millions of subjects."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
