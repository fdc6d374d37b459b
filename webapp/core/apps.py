"""App configuration: when all models are there, search for garbage again; the server ends a stopped migration."""

import gc
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate

IDLE_MIGRATION_SECONDS = 20
"""The server ends a migration that does nothing for so long within a transaction: the site waits for its locks."""


class CoreConfig(AppConfig):
    name = "webapp.core"
    label = "core"

    def ready(self) -> None:
        gc.freeze()
        gc.enable()
        pre_migrate.connect(_limit_idling, sender=self)
        post_migrate.connect(_lift_limit, sender=self)


def _limit_idling(using: str, **_: Any) -> None:
    _set_limit(using, f"'{IDLE_MIGRATION_SECONDS}s'")


def _lift_limit(using: str, **_: Any) -> None:
    _set_limit(using, "DEFAULT")


def _set_limit(using: str, limit: str) -> None:
    """Limit the session; not behind a pooler, which would hand it to others."""
    if settings.PREPARE_STATEMENTS:
        with connections[using].cursor() as cursor:
            cursor.execute(f"SET idle_in_transaction_session_timeout = {limit}")
