"""Django's `migrate`, whose transaction the server ends if the command is stopped amid it.

The site waits for the locks of a migration, so that one that does nothing any more must not keep them.
"""

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.commands import migrate
from django.db import Error, connections

IDLE_SECONDS = 20
"""A migration that sends nothing for so long within a transaction was stopped."""


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> str | None:
        with connections[options["database"]].cursor() as cursor:
            _limit(cursor, f"'{IDLE_SECONDS}s'")
            try:
                return super().handle(*args, **options)
            finally:
                with suppress(Error):  # the server has ended the session
                    _limit(cursor, "DEFAULT")


def _limit(cursor: Any, limit: str) -> None:
    """Limit the session; not behind a pooler, which would hand it to others."""
    if settings.PREPARE_STATEMENTS:
        cursor.execute(f"SET idle_in_transaction_session_timeout = {limit}")
